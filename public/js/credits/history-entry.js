import { time } from "../lib/dates.js";
import { h, spoken } from "../lib/dom.js";
import { invoiceButtons } from "../payment/invoice-button.js";
import { feature, headline, inMoney, kindInWords } from "./entry-words.js";
import { lasting, lotsMoved } from "./lots.js";
import { formatChange } from "../lib/money.js";
import { receiptButton } from "../payment/receipt-button.js";
import { refundButton } from "../payment/refund-button.js";
import { formatNumber, t } from "../lib/texts.js";
import { withdrawalButton, withdrawnNote } from "../payment/withdrawal-button.js";

/** @typedef {import("./wallet.js").Transaction} Transaction */

/** The lot of these is the entry itself, or follows from it. */
const SPEAKS_FOR_ITSELF = ["purchase", "bonus", "correction", "move_out", "move_in"];

/** One movement of credits: a line, and more when it is opened. @param {Transaction} transaction */
export function historyEntry(transaction) {
  const { amount, balance_after: after } = transaction;
  const { what, detail, isSpare } = headline(transaction);
  const line = [
    h("span", { class: "line__what" }, h("span", { class: "line__name", dir: "auto" }, what)),
    h("span", { class: "line__amount" }, formatChange(amount), spoken(t("spoken.credits"))),
    h("span", { class: "line__after", "aria-hidden": "true" }, formatNumber(after)),
    spoken(t("history.balance", { n: after })),
  ];
  if (detail) line[0].append(" ", h("span", { class: "line__detail", "data-spare": isSpare }, detail));
  return entry(line, [facts(transaction), actions(transaction)], { "data-direction": amount < 0 ? "out" : "in" });
}

/**
 * @param {Node[]} line
 * @param {(Node | null)[]} panel what opening it shows
 * @param {Record<string, string>} attributes
 */
export function entry(line, panel, attributes) {
  return h(
    "li",
    { class: "entry", part: "entry", ...attributes },
    h(
      "details",
      {},
      h("summary", { class: "line", part: "line" }, ...line),
      h("div", { class: "panel", part: "details" }, ...panel),
    ),
  );
}

/** @param {[string, (Node | string)[]][]} rows each a name and what it is */
export const factList = (rows) =>
  h(
    "dl",
    { class: "facts" },
    ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value))),
  );

/** @param {Transaction} transaction */
function facts(transaction) {
  const { kind, description, reason, price, lots, created_at: at } = transaction;
  const { what } = headline(transaction);
  const use = feature(transaction);
  /** @type {[string, (Node | string)[]][]} */
  const rows = [[t("history.kind"), [kindInWords(kind)]]];
  if (use && use !== what) rows.push([t("history.feature"), [use]]);
  if (price) rows.push([t("history.price"), [inMoney(price)]]);
  rows.push([t("history.time"), [time(at)]]);
  if (reason && reason !== description) rows.push([t("history.reason"), [reason]]);
  if (lots?.length) {
    const [{ expires_at: expiresAt }] = lots;
    if (!SPEAKS_FOR_ITSELF.includes(kind)) rows.push(lotsMoved(lots));
    else if (expiresAt) rows.push(lasting(expiresAt));
  }
  return factList(rows);
}

/**
 * Receipt, invoice, refund and withdrawal, where they apply.
 * @param {Transaction} transaction
 */
function actions({ receipt, invoice, lots, ...more }) {
  const orderId = more.order_id ?? "";
  const buttons = [
    receipt && receiptButton(receipt),
    ...(invoice ? invoiceButtons(invoice) : []),
    // A receipt means that something was paid. The lot is as old as the purchase, also in a purse that has moved.
    receipt && !more.withdrawn_at && lots?.[0] && refundButton(orderId, lots[0].created_at),
    more.withdraw_until && withdrawalButton(orderId, more.withdraw_until),
    more.withdrawn_at && withdrawnNote(more.withdrawn_at),
  ];
  return buttons.some(Boolean) ? h("div", { class: "panel__actions" }, ...buttons) : null;
}
