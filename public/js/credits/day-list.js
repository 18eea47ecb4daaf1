import { dayInWords } from "../lib/dates.js";
import { arrange, h, uniqueId } from "../lib/dom.js";
import { t } from "../lib/texts.js";
import { byDay } from "./by-day.js";
import { historyEntry } from "./history-entry.js";
import { paymentEntry } from "./payment-entry.js";

/** @typedef {import("./wallet.js").Transaction} Transaction */
/** @typedef {import("./wallet.js").Payment} Payment */
/** @typedef {{ element: HTMLElement, head: HTMLElement, heading: HTMLElement, list: HTMLElement }} Group */

const SKELETONS = 6;

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
  /** Made once for what it shows, so that an entry stays open and keeps the focus. @type {Map<string, HTMLElement>} */
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
        ...due.map((payment) => this.#entry(entries, payment, (about) => paymentEntry(about, this.#showStore))),
        ...moved.map((transaction) => this.#entry(entries, transaction, historyEntry)),
      ]);
    }
    this.#entries = entries;
    this.#groups = groups;
    const shown = [...groups.values()];
    shown[0]?.head.append(this.#columns);
    arrange(this.element, shown.map(({ element }) => element));
  }

  /** What stands there until the first answer is here. */
  wait() {
    if (this.element.querySelector(".day--skeleton")) return;
    this.#entries.clear();
    this.#groups.clear();
    const lines = Array.from({ length: SKELETONS }, () => h("div", { class: "line line--skeleton" }));
    const head = h("div", { class: "day__head" }, "\u00a0");
    this.element.replaceChildren(h("div", { class: "day day--skeleton", "aria-hidden": "true" }, head, ...lines));
  }

  clear() {
    this.#entries.clear();
    this.#groups.clear();
    this.element.replaceChildren();
  }

  /** Puts the keyboard on an entry. @param {Transaction} transaction */
  focus(transaction) {
    this.#entries.get(JSON.stringify(transaction))?.querySelector("summary")?.focus();
  }

  /**
   * @template T
   * @param {Map<string, HTMLElement>} entries
   * @param {T} about
   * @param {(about: T) => HTMLElement} make
   */
  #entry(entries, about, make) {
    const key = JSON.stringify(about);
    const entry = this.#entries.get(key) ?? make(about);
    entries.set(key, entry);
    return entry;
  }
}

/** @returns {Group} */
function newGroup() {
  const id = uniqueId("day");
  const heading = h("h3", { class: "day__heading", id, part: "day-heading" });
  const head = h("div", { class: "day__head", part: "day-head" }, heading);
  const list = h("ol", { role: "list", "aria-labelledby": id, part: "list" });
  return { element: h("div", { class: "day", part: "day" }, head, list), head, heading, list };
}
