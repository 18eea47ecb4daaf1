// The desk is in English only: its readers are the shop's staff.
import { formatNumber } from "../lib/texts.js";

/** @param {number} n @param {string} one @param {string} [many] "1 credit", "1,500 credits" */
export const count = (n, one, many = `${one}s`) => `${formatNumber(n)} ${n === 1 ? one : many}`;

/** @param {number} n */
export const credits = (n) => count(n, "credit");

const PERCENT = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

/** @param {number} part @param {number} whole "12.5%"; a dash of nothing */
export const percent = (part, whole) => (whole ? PERCENT.format(part / whole) : "–");

/** @type {Record<string, string>} */
export const KINDS = {
  purchase: "Purchase",
  clawback: "Taken back (refund or dispute)",
  giveback: "Given back",
  spend: "Spend",
  reversal: "Spend undone",
  bonus: "Granted",
  correction: "Correction",
  expiry: "Expired",
  expiry_reversal: "Expired credits taken instead",
  move_out: "Moved to another account",
  move_in: "Moved from another account",
  forfeit: "Given up",
  forfeit_reversal: "Given-up credits taken instead",
  write_off: "Debt written off",
};

/** @type {Record<string, string>} */
export const DONE = {
  grant: "Granted",
  correct: "Corrected",
  undo: "Spend undone",
  release: "Hold released",
  refund: "Refund requested",
  resend: "Receipt mail sent again",
  offer: "Offer made",
  withdraw_offer: "Offer withdrawn",
  move: "Purse moved",
  forget: "Account deleted",
  export: "Data exported",
  note: "Note added",
  bulk_grant: "Granted from a file",
};

/** @param {import("../lib/http.js").RequestError} error */
export function explain(error) {
  if (error.code === "offline") return "You are offline.";
  if (error.status === 0) return "No answer came. Your connection or the server may be down.";
  if (error.status === 401) return "Your sign-in has expired.";
  if (error.code === "insufficient_credits")
    return `This takes ${credits(Number(error.details.required))}. The person has ${count(Math.max(Number(error.details.available), 0), "free credit")}.`;
  if (error.code === "balance_changed")
    return `The balance has changed since you saw it: it is now ${credits(Number(error.details.balance))}. Nothing was done. Preview again.`;
  if (error.status === 502) return "Stripe did not answer.";
  return error.sentence || "Something went wrong on the server.";
}

/** @param {number | null} seconds "3.2 s", "2 min" */
export function duration(seconds) {
  if (seconds === null) return "unknown";
  if (seconds < 90) return `${formatNumber(seconds)} s`;
  if (seconds < 5400) return `${formatNumber(Math.round(seconds / 60))} min`;
  return `${formatNumber(Math.round(seconds / 3600))} h`;
}
