import { getCredits } from "./api.js";
import { withOlderPages } from "../lib/older-pages.js";
import { isOwnPage } from "../lib/own-page.js";
import { person } from "../session/person.js";
import { tabs } from "./tabs.js";

/**
 * @typedef {{ lot_id: string, source: string, name: string, credits: number, created_at: string,
 *   expires_at: string | null }} LotChange  credits signed, as they moved
 * @typedef {{ amount: number, currency: string, decimals: number }} Price  in minor units
 * @typedef {{ id: string, kind: string, amount: number, balance_after: number, description: string | null,
 *   feature: string | null, feature_name?: string | null, file_name?: string | null, price?: Price | null,
 *   quantity: number | null, created_at: string, lots: LotChange[] | null, order_id: string | null,
 *   receipt: string | null, invoice: string | null, withdraw_until: string | null, withdrawn_at: string | null,
 *   reason: string | null }} Transaction
 * @typedef {{ order_id: string, status: "pending" | "failed", name: string, credits: number, price: Price,
 *   created_at: string }} Payment  a bank has not confirmed it yet, or has refused it
 * @typedef {{ date: string, balance: number }} DayBalance  at the end of a day by UTC
 * @typedef {{ spent_per_day: number, days_left: number | null,
 *   daily: { date: string, spent: number }[] }} Usage  the last 30 days, oldest first, by UTC
 * @typedef {{ balance: number, held: number, available: number, low: boolean, low_threshold: number,
 *   usage: Usage | null, payments?: Payment[], balances?: DayBalance[], next_expiry: { credits: number, expires_at: string } | null,
 *   transactions: Transaction[], next_cursor: string | null }} Credits
 */

export const PAGE_SIZE = 20;
/** How far back the chart of balances goes. */
export const CHART_DAYS = 90;
const STALE_AFTER_SECONDS = 20;
const UNKNOWN = {
  status: "loading",
  balance: null,
  held: 0,
  available: 0,
  low: false,
  usage: null,
  balances: null,
  nextExpiry: null,
  nextCursor: null,
};

/**
 * The one place on a page that knows the balance and the history. Whoever shows them listens for
 * "change" and reads from here.
 */
class Wallet extends EventTarget {
  /** @type {"loading" | "ready" | "failed"} */
  status = "loading";
  /** @type {number | null} */
  balance = null;
  held = 0;
  /** What can be spent: the balance without what is set aside. */
  available = 0;
  low = false;
  /** @type {Usage | null} */
  usage = null;
  /** Null until they are known. @type {DayBalance[] | null} */
  balances = null;
  /** @type {Payment[]} */
  payments = [];
  /** @type {Credits["next_expiry"]} */
  nextExpiry = null;
  /** @type {Transaction[]} */
  transactions = [];
  /** @type {string | null} */
  nextCursor = null;
  /** @type {import("../lib/http.js").RequestError | null} */
  error = null;
  /** Counts questions to the server. */
  #asked = 0;
  /** The newest question whose answer counts. An answer to an older one, or about somebody else, is dropped. */
  #taken = 0;
  /** The last question about somebody else. */
  #foreign = 0;
  #readAt = 0;
  /** Another tab has read something else than this one. */
  #isBehind = false;
  #isCatchingUp = false;
  /** What the tabs know, as far as this one has told or heard. */
  #shared = "";

  constructor() {
    super();
    person.addEventListener("change", () => {
      this.#taken = this.#foreign = this.#asked;
      this.#isBehind = false;
      this.#shared = "";
      Object.assign(this, { ...UNKNOWN, payments: [], transactions: [] });
      this.#tell();
      if (person.id) this.load();
    });
    addEventListener("pageshow", (event) => event.persisted && this.#freshen(0));
    tabs.addEventListener("news", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
    document.addEventListener("visibilitychange", () => this.#freshen(STALE_AFTER_SECONDS));
    // Our own pages begin to read in pages/site.js. Another app may have connected before this module came.
    if (!isOwnPage) this.load();
  }

  /** Reads balance and the newest page of history. Never throws: a failure is a state. */
  async load() {
    if (!person.id) return;
    this.error = null;
    if (this.balance === null) this.status = "loading";
    this.#tell();
    const asked = ++this.#asked;
    try {
      const answer = await getCredits({ limit: PAGE_SIZE, usage: true, payments: true, balances: CHART_DAYS });
      if (asked > this.#taken) this.#take(this.#withOlderPages(answer), asked);
      else if (asked > this.#foreign && !this.usage) this.#takeCharts(answer);
    } catch (error) {
      if (asked <= this.#taken) return;
      this.error = error;
      this.status = "failed";
      this.#tell();
    }
  }

  /** Adds the next page of history; throws what went wrong. */
  async loadMore() {
    if (!this.nextCursor) return;
    const asked = ++this.#asked;
    const cursor = this.nextCursor;
    const answer = await getCredits({ limit: PAGE_SIZE, cursor });
    // The list ends elsewhere by now: it is another person's, or has this page already.
    if (cursor !== this.nextCursor) return;
    const transactions = [...this.transactions, ...answer.transactions];
    if (asked > this.#taken) return this.#take({ ...answer, transactions }, asked);
    // What was read meanwhile knows a newer balance, and ends where this page begins.
    Object.assign(this, { transactions, nextCursor: answer.next_cursor });
    this.#tell();
  }

  /** Takes over an answer of GET /api/credits that has just come. @param {Credits} answer */
  take(answer) {
    this.#take(this.#withOlderPages(answer), ++this.#asked);
  }

  /** What only load() asks for. Better an older answer than none. @param {Credits} answer */
  #takeCharts({ usage, balances = null, payments = [] }) {
    Object.assign(this, { usage, balances, payments: this.#unpaid(payments) });
    this.#tell();
  }

  /** @param {Credits} answer @param {number} asked */
  #take(answer, asked) {
    this.#taken = asked;
    this.#readAt = Date.now();
    this.transactions = answer.transactions;
    Object.assign(this, {
      status: "ready",
      error: null,
      balance: answer.balance,
      held: answer.held,
      available: answer.available,
      low: answer.low,
      // Only load() asks for these.
      usage: answer.usage ?? this.usage,
      payments: this.#unpaid(answer.payments ?? this.payments),
      balances: answer.balances ?? this.balances,
      nextExpiry: answer.next_expiry,
      nextCursor: answer.next_cursor,
    });
    this.#share();
    this.#tell();
  }

  /** Without those whose credits have come since they were read. @param {Payment[]} payments */
  #unpaid(payments) {
    const credited = new Set(this.transactions.map(({ order_id: orderId }) => orderId));
    return payments.filter(({ order_id: orderId }) => !credited.has(orderId));
  }

  /** @param {Credits} answer @returns {Credits} */
  #withOlderPages(answer) {
    const newest = { items: answer.transactions, cursor: answer.next_cursor };
    const { items, cursor } = withOlderPages(newest, { items: this.transactions, cursor: this.nextCursor });
    return { ...answer, transactions: items, next_cursor: cursor };
  }

  /** @param {number} afterSeconds */
  #freshen(afterSeconds) {
    const age = (Date.now() - this.#readAt) / 1000;
    if (this.#isBehind) this.#catchUp();
    else if (!document.hidden && this.balance !== null && age >= afterSeconds) this.load();
  }

  /**
   * Another tab has read this person's credits. Where it knows something else, this tab reads them too: now, or when
   * it is shown.
   * @param {import("./tabs.js").News} news
   */
  #hear({ personId, state }) {
    if (personId !== person.id) return;
    this.#shared = state;
    if (state === this.#state) return;
    this.#isBehind = true;
    this.#catchUp();
  }

  /** One question at a time, and another one for news that came meanwhile. */
  async #catchUp() {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    while (this.#isBehind && !document.hidden) {
      this.#isBehind = false;
      await this.load();
    }
    this.#isCatchingUp = false;
  }

  /** What makes this tab's knowledge differ from another's. */
  get #state() {
    return [this.balance, this.held, this.transactions[0]?.id].join(" ");
  }

  /** Tells the other tabs what none of them has said: each change is told once, and read once by each tab. */
  #share() {
    if (!person.id || this.#state === this.#shared) return;
    this.#shared = this.#state;
    tabs.tell({ personId: person.id, state: this.#state });
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

export const wallet = new Wallet();
