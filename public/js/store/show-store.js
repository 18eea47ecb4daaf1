import { openStore } from "./checkout.js";
import { storeHeader, storeIntro } from "./store-frame.js";
import { closeOnBackdrop } from "../lib/dialog.js";
import { h, uniqueId } from "../lib/dom.js";
import { notice } from "../lib/notice.js";
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
  /** @type {HTMLElement | null} */
  const store = document.querySelector("credit-store");
  if (!store?.checkVisibility()) return false;
  store.scrollIntoView({ block: "start" });
  store.focus({ preventScroll: true });
  return true;
}

/** @param {ShadowRoot} shadow */
async function openDialog(shadow) {
  const dialog = dialogs.get(shadow) ?? makeDialog();
  dialogs.set(shadow, dialog);
  if (!dialog.isConnected) shadow.append(dialog);
  if (!shadow.adoptedStyleSheets.includes(styles)) shadow.adoptedStyleSheets.push(styles);
  dialog.showModal();
  const isLoaded = await import("../../elements/credit-store.js").catch(() => null);
  if (!isLoaded) dialog.querySelector("credit-store")?.replaceWith(notice(t("reading.other")));
}

function makeDialog() {
  const id = uniqueId("store");
  const dialog = h("dialog", { class: "store", "aria-labelledby": id });
  dialog.append(storeHeader(id, () => dialog.close()), storeIntro(), h("credit-store"));
  closeOnBackdrop(dialog);
  // The page has its own way to sign in, and the dialog would lie over it.
  dialog.addEventListener("credits:sign-in", (event) =>
    queueMicrotask(() => event.defaultPrevented && dialog.close()),
  );
  return dialog;
}
