// Looks at a page, shadow trees included. Each function returns sentences about what is wrong.
(() => {
  /** Every element of the page that is shown. */
  function* shown(root = document) {
    for (const element of root.querySelectorAll("*")) {
      if (element.checkVisibility({ visibilityProperty: true })) yield element;
      if (element.shadowRoot) yield* shown(element.shadowRoot);
    }
  }

  function name(element) {
    const classes = typeof element.className === "string" ? element.className.trim() : "";
    const text = element.textContent.trim().slice(0, 30);
    return `<${element.localName}${classes && ` class="${classes}"`}> ${text}`.trim();
  }

  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

  /** What is wider than the window, or than the dialog it is in. */
  async function sideways() {
    await nextFrame();
    await nextFrame();
    const boxes = [document.documentElement, ...[...shown()].filter(({ localName }) => localName === "dialog")];
    return boxes
      .filter((box) => box.scrollWidth > box.clientWidth)
      .map((box) => `<${box.localName}> is ${box.scrollWidth - box.clientWidth} px too wide at ${innerWidth} px`);
  }

  /** What moves. Asked where the person wants no motion. */
  function moving() {
    const animations = [...shown()].flatMap((element) => element.getAnimations({ subtree: false }));
    return animations
      .filter(({ playState, effect }) => playState === "running" && effect.getComputedTiming().activeDuration > 0)
      .map(({ effect }) => `${name(effect.target)} moves`);
  }

  const isTransparent = (color) => color === "transparent" || /^rgba\(.*, 0\)$|\/ 0\)$/.test(color);

  /** The colour behind an element: that of the nearest ancestor with one. */
  function behind(element) {
    const parent = element.assignedSlot ?? element.parentElement ?? element.getRootNode().host;
    if (!parent) return getComputedStyle(document.documentElement).backgroundColor;
    const color = getComputedStyle(parent).backgroundColor;
    return isTransparent(color) ? behind(parent) : color;
  }

  function hasLine(style) {
    const sides = ["top", "right", "bottom", "left"];
    const isDrawn = (side) =>
      Number.parseFloat(style[`border-${side}-width`]) > 0 &&
      !isTransparent(style[`border-${side}-color`]) &&
      style[`border-${side}-style`] !== "none";
    return sides.some(isDrawn) || (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0);
  }

  /** Whether nothing but its background or its border shows an element. */
  function isBare(element) {
    return (
      element instanceof HTMLElement &&
      !element.matches("html, body, dialog, iframe, img, input, textarea, select, video, progress, meter, hr") &&
      element.textContent.trim() === "" &&
      element.childElementCount === 0 &&
      !element.shadowRoot
    );
  }

  function isDrawn(element) {
    const style = getComputedStyle(element);
    if (hasLine(style)) return true;
    return !isTransparent(style.backgroundColor) && style.backgroundColor !== behind(element);
  }

  const hasSize = (element) => element.offsetWidth > 1 && element.offsetHeight > 1;

  let drawn = [];

  /** Remembers what is drawn by its background alone. */
  function remember() {
    const isImage = (element) => getComputedStyle(element).backgroundImage !== "none";
    drawn = [...shown()].filter((element) => isBare(element) && hasSize(element) && (isDrawn(element) || isImage(element)));
    return [];
  }

  /** What is not there in forced colours although it was in one's own. */
  function vanished() {
    return drawn.filter((element) => element.isConnected && !isDrawn(element)).map((element) => `${name(element)} vanished`);
  }

  const SEEN_BY = ["fontWeight", "textDecorationLine", "color", "backgroundColor", "outlineStyle", "outlineWidth"];
  const LINES = ["Top", "Right", "Bottom", "Left"].flatMap((side) => [`border${side}Width`, `border${side}Color`, `border${side}Style`]);
  const CHOSEN = "[aria-current]:not([aria-current=false]), [aria-pressed=true], [aria-selected=true]";

  /** What is chosen and looks like what is not. */
  function unmarked() {
    const all = [...shown()];
    return all
      .filter((element) => element.matches(CHOSEN))
      .filter((element) => {
        const other = all.find((each) => each.localName === element.localName && each.className === element.className &&
          each.closest("nav, ul, ol, [role=group]") === element.closest("nav, ul, ol, [role=group]") && !each.matches(CHOSEN));
        if (!other) return false;
        const [its, another] = [getComputedStyle(element), getComputedStyle(other)];
        return [...SEEN_BY, ...LINES].every((property) => its[property] === another[property]);
      })
      .map((element) => `${name(element)} is chosen and does not look so`);
  }

  /** Breaks of the rules of axe-core, which must be loaded. */
  const rules = () => broken({ rules: { "target-size": { enabled: true } } });

  /** Breaks of those rules that another colour scheme can break. */
  const colours = () => broken({ runOnly: ["color-contrast", "link-in-text-block"] });

  async function broken(options) {
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...options });
    const place = ({ target, failureSummary }) => `${target.flat().join(" ")} (${failureSummary.replaceAll(/\s+/g, " ")})`;
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(place).join("; ")}`);
  }

  globalThis.inspection = { sideways, moving, remember, vanished, unmarked, rules, colours };
})();
