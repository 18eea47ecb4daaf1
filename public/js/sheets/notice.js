// Made by `make pages` from css/notice.css.
const sheet = new CSSStyleSheet();
sheet.replaceSync("@layer elements {\n  .notice {\n    display: flex;\n    flex-wrap: wrap;\n    align-items: center;\n    justify-content: space-between;\n    gap: var(--space-2) var(--space-4);\n    padding: var(--space-3) var(--space-4);\n    border: 1px solid var(--problem);\n    border-radius: var(--radius);\n    background: var(--problem-surface);\n    color: var(--problem);\n  }\n\n  .notice[data-tone=\"info\"] {\n    border-color: var(--line);\n    background: var(--info-surface);\n    color: var(--ink);\n  }\n\n  .notice p {\n    flex: 1 1 14rem;\n  }\n}\n");
export default sheet;
