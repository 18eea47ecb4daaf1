import { time } from "../lib/dates.js";
import { h, spoken } from "../lib/dom.js";
import { invoiceButtons } from "../payment/invoice-button.js";
import { lotsMoved } from "./lots.js";
import { formatChange } from "../lib/money.js";
import { receiptButton } from "../payment/receipt-button.js";
import { refundButton } from "../payment/refund-button.js";
import { formatNumber, has, t } from "../lib/texts.js";
import { withdrawalButton, withdrawnNote } from "../payment/withdrawal-button.js";

/** @typedef {import("./wallet.js").Transaction} Transaction */

/** The lot of these is the entry itself, or follows from it. */
const SPEAKS_FOR_ITSELF = ["purchase", "bonus", "correction", "move_out", "move_in"];

/** One movement of credits. @param {Transaction} transaction */
export function historyEntry({ kind, amount, balance_after: after, created_at: createdAt, ...more }) {
  const what = more.description ?? inWords(kind);
  const times = (more.quantity ?? 1) > 1 ? ` × ${formatNumber(more.quantity ?? 1)}` : "";
  return h(
    "li",
    { class: "entry", "data-direction": amount < 0 ? "out" : "in", tabindex: "-1" },
    h("span", { class: "entry__what" }, what, times),
    h("span", { class: "entry__when" }, what === inWords(kind) ? "" : `${inWords(kind)} · `, time(createdAt)),
    h("span", { class: "entry__amount" }, formatChange(amount), spoken(t("spoken.credits"))),
    h("span", { class: "entry__after" }, t("history.balance", { n: after })),
    further(kind, more),
  );
}

/**
 * What not everybody asks for: why, from which lot, receipt and invoice, a refund, the withdrawal.
 * @param {string} kind
 * @param {Partial<Transaction>} transaction
 */
function further(kind, { description, reason, lots, receipt, invoice, ...more }) {
  const parts = [
    reason && reason !== description && h("p", {}, reason),
    Boolean(lots?.length) && !SPEAKS_FOR_ITSELF.includes(kind) && lotsMoved(lots ?? []),
    receipt && receiptButton(receipt),
    ...(invoice ? invoiceButtons(invoice) : []),
    // A receipt means that something was paid. The lot is as old as the purchase, also in a purse that has moved.
    receipt && !more.withdrawn_at && lots?.[0] && refundButton(more.order_id ?? "", lots[0].created_at),
    more.withdraw_until && withdrawalButton(more.order_id ?? "", more.withdraw_until),
    more.withdrawn_at && withdrawnNote(more.withdrawn_at),
  ];
  return parts.some(Boolean) && h("div", { class: "entry__further" }, ...parts);
}

/** A kind this page has not heard of still reads as words. @param {string} kind */
function inWords(kind) {
  if (has(`kind.${kind}`)) return t(`kind.${kind}`);
  const words = kind.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
