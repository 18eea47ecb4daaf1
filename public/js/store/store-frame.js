import { h, spoken } from "../lib/dom.js";
import { t } from "../lib/texts.js";

/** The store's title, which stays in view, and the way out. @param {string} titleId @param {() => void} onClose */
export function storeHeader(titleId, onClose) {
  return h(
    "div",
    { class: "store__header" },
    h("h2", { id: titleId, tabindex: "-1", autofocus: true }, t("store")),
    h("button", { class: "store__close", type: "button", onclick: onClose }, spoken(t("store.close"))),
  );
}

/** How buying works. @param {...Node} more */
export function storeIntro(...more) {
  return h("div", { class: "store__intro" }, h("p", {}, t("store.about")), ...more);
}
