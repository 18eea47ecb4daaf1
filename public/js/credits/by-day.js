import { localDay } from "../lib/dates.js";

/** @typedef {import("./wallet.js").Transaction} Transaction */
/** @typedef {import("./wallet.js").Payment} Payment */
/** @typedef {{ day: string, payments: Payment[], transactions: Transaction[] }} Day  day: "2026-11-25", the reader's */

/**
 * Entries by the reader's day, newest first. A payment stands before the movements of its day.
 * @param {Transaction[]} transactions newest first
 * @param {Payment[]} payments
 * @param {boolean} isComplete whether there are no older transactions
 * @returns {Day[]}
 */
export function byDay(transactions, payments, isComplete) {
  const oldest = transactions.at(-1)?.created_at;
  // A failed payment older than what is loaded waits for its place. A pending one is never out of sight.
  const isDue = (/** @type {Payment} */ { status, created_at: at }) =>
    isComplete || status === "pending" || (oldest !== undefined && localDay(at) >= localDay(oldest));
  /** @type {Map<string, Day>} */
  const days = new Map();
  const dayOf = (/** @type {string} */ at) => {
    const day = localDay(at);
    const known = days.get(day) ?? { day, payments: [], transactions: [] };
    days.set(day, known);
    return known;
  };
  for (const payment of newestFirst(payments.filter(isDue))) dayOf(payment.created_at).payments.push(payment);
  for (const transaction of transactions) dayOf(transaction.created_at).transactions.push(transaction);
  return [...days.values()].sort((a, b) => (a.day < b.day ? 1 : -1));
}

/** @param {Payment[]} payments */
const newestFirst = (payments) => payments.toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
