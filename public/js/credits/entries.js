import { getCredits } from "./api.js";
import { asQuery, isActive, isSame, matches, NONE } from "./filter.js";
import { PAGE_SIZE, wallet } from "./wallet.js";

/** @typedef {import("./filter.js").Filter} Filter */
/** @typedef {import("./wallet.js").Transaction} Transaction */
/** @typedef {{ filter: Filter, transactions: Transaction[], nextCursor: string | null }} Found */

/**
 * The entries that a history shows: the wallet's, or those that a filter leaves. The wallet itself stays unfiltered,
 * because others show its balance. Tells of changes by "change".
 */
export class Entries extends EventTarget {
  /** What is asked for; what is shown may still be what was asked for before. @type {Filter} */
  filter = NONE;
  /** @type {Found | null} */
  #found = null;
  /** @type {import("../lib/http.js").RequestError | null} */
  #error = null;
  #isAsking = false;
  /** An answer to an older question is dropped. */
  #turn = 0;
  /** The wallet's newest transaction when the filter was last asked for. @type {string | undefined} */
  #newest;

  /** Takes in what the wallet has learned: a new movement may belong to what the filter leaves. */
  follow() {
    const newest = wallet.transactions[0]?.id;
    const isNews = this.#newest !== undefined && newest !== undefined && newest !== this.#newest;
    this.#newest ??= newest;
    if (isNews && isActive(this.filter)) this.#find();
    else this.#tell();
  }

  /** @returns {"loading" | "ready" | "failed"} whether there is a list to show */
  get status() {
    if (this.#found) return "ready";
    if (isActive(this.filter) && wallet.status !== "ready") return this.#error ? "failed" : "loading";
    return wallet.status === "failed" && wallet.balance !== null ? "ready" : wallet.status;
  }

  /** Whether another list is on its way. */
  get isBusy() {
    return this.#isAsking;
  }

  get error() {
    return isActive(this.filter) ? this.#error : wallet.error;
  }

  get transactions() {
    return this.#found?.transactions ?? wallet.transactions;
  }

  get nextCursor() {
    return this.#found ? this.#found.nextCursor : wallet.nextCursor;
  }

  get payments() {
    const shown = this.#found?.filter ?? NONE;
    return wallet.payments.filter((payment) => matches(payment, shown));
  }

  /** Whether what is shown is what the filter leaves. */
  get isFiltered() {
    return this.#found !== null;
  }

  /** @param {Filter} filter */
  async choose(filter) {
    if (isSame(filter, this.filter)) return;
    this.filter = filter;
    await this.#find();
  }

  /** Asks again for what could not be loaded. */
  async retry() {
    await Promise.all([isActive(this.filter) && this.#find(), wallet.error && wallet.load()]);
  }

  /** Adds the next page; throws what went wrong. */
  async loadMore() {
    const found = this.#found;
    if (!found) return wallet.loadMore();
    if (!found.nextCursor) return;
    const turn = this.#turn;
    const answer = await getCredits({ limit: PAGE_SIZE, cursor: found.nextCursor, ...asQuery(found.filter) });
    if (turn !== this.#turn) return;
    const transactions = [...found.transactions, ...answer.transactions];
    this.#found = { filter: found.filter, transactions, nextCursor: answer.next_cursor };
    this.#tell();
  }

  async #find() {
    this.#turn += 1;
    const [turn, filter] = [this.#turn, this.filter];
    this.#error = null;
    this.#newest = wallet.transactions[0]?.id;
    this.#isAsking = isActive(filter);
    if (!this.#isAsking) this.#found = null;
    this.#tell();
    if (!this.#isAsking) return;
    try {
      const answer = await getCredits({ limit: PAGE_SIZE, ...asQuery(filter) });
      if (turn !== this.#turn) return;
      this.#found = { filter, transactions: answer.transactions, nextCursor: answer.next_cursor };
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#error = error;
    }
    this.#isAsking = false;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
