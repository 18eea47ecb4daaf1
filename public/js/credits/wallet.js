import { getCredits } from "./api.js";
import { person } from "../session/person.js";

/**
 * @typedef {{ lot_id: string, source: string, name: string, credits: number, created_at: string,
 *   expires_at: string | null }} LotChange  credits signed, as they moved
 * @typedef {{ id: string, kind: string, amount: number, balance_after: number, description: string | null,
 *   feature: string | null, quantity: number | null, created_at: string, lots: LotChange[] | null,
 *   order_id: string | null, receipt: string | null, invoice: string | null, withdraw_until: string | null, withdrawn_at: string | null,
 *   reason: string | null }} Transaction
 * @typedef {{ spent_per_day: number, days_left: number | null,
 *   daily: { date: string, spent: number }[] }} Usage  the last 30 days, oldest first, by UTC
 * @typedef {{ balance: number, held: number, available: number, low: boolean, low_threshold: number,
 *   usage: Usage | null, next_expiry: { credits: number, expires_at: string } | null,
 *   transactions: Transaction[], next_cursor: string | null }} Credits
 */

const PAGE_SIZE = 20;
const STALE_AFTER_SECONDS = 20;
const UNKNOWN = {
  status: "loading",
  balance: null,
  held: 0,
  available: 0,
  low: false,
  usage: null,
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
  /** @type {Credits["next_expiry"]} */
  nextExpiry = null;
  /** @type {Transaction[]} */
  transactions = [];
  /** @type {string | null} */
  nextCursor = null;
  /** @type {import("../lib/http.js").RequestError | null} */
  error = null;
  /** Counts people coming and going and answers taken: an answer asked for before the last of these is dropped. */
  #turn = 0;
  #readAt = 0;

  constructor() {
    super();
    person.addEventListener("change", () => {
      this.#turn += 1;
      Object.assign(this, { ...UNKNOWN, transactions: [] });
      this.#tell();
      if (person.id) this.load();
    });
    addEventListener("pageshow", (event) => event.persisted && this.#freshen(0));
    document.addEventListener("visibilitychange", () => this.#freshen(STALE_AFTER_SECONDS));
  }

  /** Reads balance and the newest page of history. Never throws: a failure is a state. */
  async load() {
    if (!person.id) return;
    this.error = null;
    if (this.balance === null) this.status = "loading";
    this.#tell();
    const turn = this.#turn;
    try {
      const answer = await getCredits({ limit: PAGE_SIZE, usage: true });
      if (turn === this.#turn) this.take(this.#withOlderPages(answer));
    } catch (error) {
      if (turn !== this.#turn) return;
      this.error = error;
      this.status = "failed";
      this.#tell();
    }
  }

  /** Adds the next page of history; throws what went wrong. */
  async loadMore() {
    if (!this.nextCursor) return;
    const turn = this.#turn;
    const answer = await getCredits({ limit: PAGE_SIZE, cursor: this.nextCursor });
    if (turn !== this.#turn) return;
    const transactions = [...this.transactions, ...answer.transactions];
    this.take({ ...answer, transactions });
  }

  /** Takes over an answer of GET /api/credits. @param {Credits} answer */
  take(answer) {
    this.#turn += 1;
    this.#readAt = Date.now();
    Object.assign(this, {
      status: "ready",
      error: null,
      balance: answer.balance,
      held: answer.held,
      available: answer.available,
      low: answer.low,
      // Only load() asks for it.
      usage: answer.usage ?? this.usage,
      nextExpiry: answer.next_expiry,
      nextCursor: answer.next_cursor,
      transactions: answer.transactions,
    });
    this.#tell();
  }

  /**
   * The newest page followed by the older ones already read, if it reaches them: a list somebody is
   * reading does not shrink under them.
   * @param {Credits} answer
   * @returns {Credits}
   */
  #withOlderPages(answer) {
    const oldest = answer.transactions.at(-1)?.id;
    const seam = this.transactions.findIndex((transaction) => transaction.id === oldest);
    if (seam === -1) return answer;
    const older = this.transactions.slice(seam + 1);
    return { ...answer, transactions: [...answer.transactions, ...older], next_cursor: this.nextCursor };
  }

  /** @param {number} afterSeconds */
  #freshen(afterSeconds) {
    const age = (Date.now() - this.#readAt) / 1000;
    if (!document.hidden && this.balance !== null && age >= afterSeconds) this.load();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

export const wallet = new Wallet();
