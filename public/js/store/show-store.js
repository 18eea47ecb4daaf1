import { openStore } from "./checkout.js";
import { h, spoken, uniqueId } from "../lib/dom.js";
import { isOwnPage } from "../lib/own-page.js";
import { t } from "../lib/texts.js";
import styles from "../sheets/store-dialog.js";

/** The dialog of each element that had to open one. @type {WeakMap<ShadowRoot, HTMLDialogElement>} */
const dialogs = new WeakMap();

/**
 * Shows what is on sale to somebody who wants to buy. Our own pages have a store. Another app's page may have a way
 * of its own ("credits:buy"), or a <credit-store>; else the element opens a dialog.
 * @param {import("../lib/shadow-element.js").ShadowElement} element
 */
export function showStore(element) {
  if (isOwnPage) openStore();
  else if (element.tell("credits:buy", {}, { cancelable: true }) && !goToStore()) openDialog(element.shadow);
}

/** Takes the reader to the store on the page, if there is one. */
function goToStore() {
  const store = document.querySelector("credit-store");
  if (!store?.checkVisibility()) return false;
  store.scrollIntoView({ block: "start" });
  /** @type {HTMLElement | null | undefined} */
  const first = store.shadowRoot?.querySelector("button, select, input");
  first?.focus({ preventScroll: true });
  return true;
}

/** @param {ShadowRoot} shadow */
async function openDialog(shadow) {
  const dialog = dialogs.get(shadow) ?? makeDialog();
  dialogs.set(shadow, dialog);
  if (!dialog.isConnected) shadow.append(dialog);
  if (!shadow.adoptedStyleSheets.includes(styles)) shadow.adoptedStyleSheets.push(styles);
  if (!dialog.open) dialog.showModal();
  await import("../../elements/credit-store.js");
}

function makeDialog() {
  const id = uniqueId("store");
  const close = h(
    "button",
    { class: "store__close", type: "button", onclick: () => dialog.close() },
    spoken(t("store.close")),
  );
  const title = h("h2", { id, tabindex: "-1", autofocus: true }, t("store"));
  const dialog = h(
    "dialog",
    { class: "store", "aria-labelledby": id },
    h("div", { class: "store__header" }, title, h("p", {}, t("store.about")), close),
    h("credit-store"),
  );
  return dialog;
}
