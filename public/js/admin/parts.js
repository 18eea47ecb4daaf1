import { h, uniqueId } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { notice } from "../lib/notice.js";
import { explain } from "./words.js";

/** @typedef {Node | string | number | null} Cell */

/** Words for screen readers alone. @param {string} text */
const hidden = (text) => h("span", { class: "visually-hidden" }, text);

/**
 * A table that scrolls by itself where it is wider than the page.
 * The column of buttons has no label to be seen.
 * @param {{ caption: string, columns: (string | { label: string, numeric?: boolean })[], rows: Cell[][] }} about
 */
export function table({ caption, columns, rows }) {
  const heads = columns.map((column) => (typeof column === "string" ? { label: column } : column));
  const className = (/** @type {number} */ index) => (heads[index]?.numeric ? "number" : null);
  return h(
    "div",
    { class: "desk-table", role: "region", "aria-label": caption, tabindex: "0" },
    h(
      "table",
      {},
      h("caption", { class: "visually-hidden" }, caption),
      h("thead", {}, h("tr", {}, ...heads.map(({ label }, at) => h("th", { scope: "col", class: className(at) }, label || hidden("Actions"))))),
      h(
        "tbody",
        {},
        ...rows.map((row) =>
          h("tr", {}, ...row.map((cell, at) => h("td", { class: className(at) }, cell instanceof Node ? cell : String(cell ?? "")))),
        ),
      ),
    ),
  );
}

/**
 * A part of a page with a heading.
 * @param {string} title
 * @param {...(Node | null | false)} content
 */
export function section(title, ...content) {
  const id = uniqueId("part");
  return h("section", { class: "desk-section", "aria-labelledby": id }, h("h2", { id }, title), ...content);
}

/** What is said where there is nothing. @param {string} text */
export const nothing = (text) => h("p", { class: "desk-nothing" }, text);

/** Names and values. @param {[string, Node | string | null | false][]} entries those without a value are left out */
export function facts(entries) {
  const shown = entries.filter(([, value]) => value);
  return h(
    "dl",
    { class: "desk-facts" },
    ...shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value || ""))),
  );
}

/** A word about a state. @param {string} text @param {"good" | "bad" | "plain"} [tone] */
export const badge = (text, tone = "plain") => h("span", { class: "desk-badge", "data-tone": tone }, text);

/** An id in letters of one width. @param {string} id */
export const code = (id) => h("code", { class: "desk-id" }, id);

/** A link to a person. @param {string} userId @param {string} label */
export const personLink = (userId, label) => h("a", { href: `#person=${userId}`, class: "desk-who" }, label);

/** How often each place was filled. @type {WeakMap<HTMLElement, number>} */
const turns = new WeakMap();

/**
 * Fills a place with what is loaded; says so meanwhile, and offers another try if it fails. An answer is dropped if the
 * place has left the page by then, or waits for a newer one.
 * @template T
 * @param {HTMLElement} place
 * @param {() => Promise<T>} load
 * @param {(loaded: T) => (Node | null | false)[]} render
 * @param {string} [waiting]
 */
export async function loadInto(place, load, render, waiting = "Loading…") {
  const turn = (turns.get(place) ?? 0) + 1;
  turns.set(place, turn);
  const isOver = () => !place.isConnected || turns.get(place) !== turn;
  place.setAttribute("aria-busy", "true");
  place.replaceChildren(h("p", { class: "desk-loading", role: "status" }, waiting));
  try {
    const loaded = await load();
    if (isOver()) return;
    place.replaceChildren(...render(loaded).filter((node) => node instanceof Node));
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    if (isOver()) return;
    const again = () => loadInto(place, load, render, waiting);
    const retry = error.status === 403 || error.status === 404 ? undefined : { label: "Try again", run: again };
    place.replaceChildren(notice(explain(error), { action: retry }));
  } finally {
    if (!isOver()) place.setAttribute("aria-busy", "false");
  }
}
