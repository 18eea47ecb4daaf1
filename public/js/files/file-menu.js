import { h, spoken, uniqueId } from "../lib/dom.js";
import { deleteLabel } from "./file-delete-words.js";
import { otherDownloads } from "./file-downloads.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./files-api.js").OwnFile} OwnFile */

const EDGE_PX = 8;

/**
 * The button that opens what else can be done with a file; null if nothing can. The menu is made when it is
 * first wanted. Arrow keys move in it, Escape closes it, and the keyboard returns to the button.
 * @param {OwnFile} file
 * @param {{ read: () => OwnFile, onDelete: () => void }} choices  read: the file as it is by now
 */
export function fileMenu(file, { read, onDelete }) {
  const remove = deleteLabel(file);
  if (!remove && file.downloads.length < 2) return null;
  const id = uniqueId("menu");
  const label = t("file.more", { name: file.filename });
  const button = h(
    "button",
    { class: "menu-button", type: "button", "aria-haspopup": "menu", "aria-expanded": "false", onclick: toggle },
    spoken(label),
  );
  const menu = h("div", {
    class: "menu",
    id,
    role: "menu",
    "aria-label": label,
    popover: "auto",
    onkeydown: (/** @type {KeyboardEvent} */ event) => move(event, menu),
    onfocusout: (/** @type {FocusEvent} */ { relatedTarget: to }) => to instanceof Node && to !== button && !menu.contains(to) && menu.hidePopover(),
    onclick: (/** @type {Event} */ event) => event.target !== menu && menu.hidePopover(),
    ontoggle: (/** @type {ToggleEvent} */ { newState }) =>
      button.setAttribute("aria-expanded", String(newState === "open")),
  });
  button.popoverTargetElement = menu;
  // A phone that is turned lays the page out anew.
  const follow = () => (menu.matches(":popover-open") ? place(menu, button) : removeEventListener("resize", follow));

  // Shown here rather than by the browser, so that it is in its place before it has the focus.
  function toggle(/** @type {Event} */ event) {
    event.preventDefault();
    if (menu.matches(":popover-open")) return menu.hidePopover();
    // Safari does not focus a button that is pressed: the focus returns to where it was.
    button.focus({ preventScroll: true });
    menu.replaceChildren(...items(read(), remove, () => (menu.hidePopover(), onDelete())));
    menu.showPopover();
    place(menu, button);
    addEventListener("resize", follow);
    /** @type {HTMLElement | null} */ (menu.firstElementChild)?.focus({ preventScroll: true });
  }
  return h("div", { class: "file__menu" }, button, menu);
}

/** @param {OwnFile} file @param {string | null} remove @param {() => void} onDelete */
function items(file, remove, onDelete) {
  const item = { class: "menu__item", role: "menuitem", tabindex: "-1" };
  const downloads = otherDownloads(file, item);
  if (!remove) return downloads;
  const attributes = { ...item, class: "menu__item menu__item--delete", type: "button", onclick: onDelete };
  return [...downloads, h("button", attributes, remove)];
}

/** Below the button, or above it where there is no room. It scrolls with the page. @param {HTMLElement} menu @param {HTMLElement} button */
function place(menu, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const root = document.documentElement;
  const left = Math.max(EDGE_PX, Math.min(at.right - width, root.clientWidth - width - EDGE_PX));
  const isRoom = at.bottom + height + EDGE_PX <= root.clientHeight || at.top < height;
  const top = isRoom ? at.bottom : at.top - height;
  menu.style.setProperty("left", `${left + scrollX}px`);
  menu.style.setProperty("top", `${top + scrollY}px`);
}

/** @param {KeyboardEvent} event @param {HTMLElement} menu */
function move(event, menu) {
  const all = /** @type {HTMLElement[]} */ ([...menu.children]);
  const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  /** @type {Record<string, number>} */
  const places = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
  if (!Object.hasOwn(places, event.key)) return;
  event.preventDefault();
  all.at(places[event.key] % all.length)?.focus();
}
