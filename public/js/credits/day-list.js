import { dayInWords } from "../lib/dates.js";
import { arrange, h, uniqueId } from "../lib/dom.js";
import { t } from "../lib/texts.js";
import { byDay } from "./by-day.js";
import { historyEntry } from "./history-entry.js";
import { paymentEntry } from "./payment-entry.js";

/** @typedef {import("./wallet.js").Transaction} Transaction */
/** @typedef {import("./wallet.js").Payment} Payment */
/** @typedef {{ element: HTMLElement, head: HTMLElement, heading: HTMLElement, list: HTMLElement }} Group */

/** Entries under a heading for each day. */
export class DayList {
  element = h("div", { class: "days", part: "days" });
  /** Over the numbers of the first day; each number says itself what it is to those who listen. */
  #columns = h(
    "div",
    { class: "day__columns", "aria-hidden": "true" },
    h("span", {}, t("history.amount")),
    h("span", {}, t("chart.balance")),
  );
  /** @type {Map<string, Group>} */
  #groups = new Map();
  /** By the ids of transactions and orders. @type {Map<string, { shown: string, element: HTMLElement }>} */
  #entries = new Map();
  #showStore;

  /** @param {() => void} showStore */
  constructor(showStore) {
    this.#showStore = showStore;
  }

  /**
   * @param {Transaction[]} transactions
   * @param {Payment[]} payments
   * @param {boolean} isComplete whether there are no older transactions
   */
  show(transactions, payments, isComplete) {
    const days = byDay(transactions, payments, isComplete);
    const entries = new Map();
    const groups = new Map();
    for (const { day, payments: due, transactions: moved } of days) {
      const group = this.#groups.get(day) ?? newGroup();
      groups.set(day, group);
      group.heading.textContent = dayInWords(day);
      arrange(group.list, [
        ...due.map((each) => this.#entry(entries, each.order_id, each, () => paymentEntry(each, this.#showStore))),
        ...moved.map((each) => this.#entry(entries, each.id, each, () => historyEntry(each))),
      ]);
    }
    this.#entries = entries;
    this.#groups = groups;
    const shown = [...groups.values()];
    shown[0]?.head.append(this.#columns);
    arrange(this.element, shown.map(({ element }) => element));
  }

  clear() {
    this.#entries.clear();
    this.#groups.clear();
    this.element.replaceChildren();
  }

  /** Puts the keyboard on an entry. @param {Transaction} transaction */
  focus(transaction) {
    this.#entries.get(transaction.id)?.element.querySelector("summary")?.focus();
  }

  /**
   * Made once, and changed only where there is something new to show: an entry stays open and keeps the focus.
   * @param {typeof this.#entries} entries
   * @param {string} id
   * @param {unknown} about
   * @param {() => HTMLElement} make
   */
  #entry(entries, id, about, make) {
    const shown = JSON.stringify(about);
    const known = this.#entries.get(id);
    const element = known?.element ?? make();
    if (known && known.shown !== shown) renew(element, make());
    entries.set(id, { shown, element });
    return element;
  }
}

/** Gives an entry what another one shows. The keyboard stays in it. @param {HTMLElement} entry @param {HTMLElement} other */
function renew(entry, other) {
  for (const { name, value } of other.attributes) entry.setAttribute(name, value);
  const parts = "summary, .panel";
  const [line, panel] = entry.querySelectorAll(parts);
  const [otherLine, otherPanel] = other.querySelectorAll(parts);
  const hadFocus = panel.matches(":focus-within");
  line.replaceChildren(...otherLine.childNodes);
  panel.replaceWith(otherPanel);
  if (hadFocus) /** @type {HTMLElement} */ (line).focus();
}

/** @returns {Group} */
function newGroup() {
  const id = uniqueId("day");
  const heading = h("h3", { class: "day__heading", id, part: "day-heading" });
  const head = h("div", { class: "day__head", part: "day-head" }, heading);
  const list = h("ol", { role: "list", "aria-labelledby": id, part: "list" });
  return { element: h("div", { class: "day", part: "day" }, head, list), head, heading, list };
}
