import { formatMoney } from "../lib/money.js";
import { readingProblem } from "../lib/problems.js";
import { has, t } from "../lib/texts.js";

/** @param {{ amount: number, credits: number, currency: string, decimals: number }} about */
const filling = ({ amount, credits, currency, decimals }) => ({ n: credits, price: formatMoney(amount, currency, decimals) });

/** What goes back, before it is confirmed. @param {import("./refund-api.js").RefundQuote} quote */
export const consequence = (quote) => `${t("refund.amount", filling(quote))}${taxIn(quote)}`;

/**
 * The tax in what goes back, as a sentence of its own; nothing if there is none.
 * @param {{ tax: number, currency: string, decimals: number }} quote
 */
export const taxIn = ({ tax, currency, decimals }) =>
  tax > 0 ? ` ${t("refund.tax", { tax: formatMoney(tax, currency, decimals) })}` : "";

/** The same afterwards. @param {import("./refund-api.js").Refund} refund */
export const outcome = (refund) => t(refund.status === "begun" ? "refund.begun" : "refund.made", filling(refund));

/** Why nothing can be refunded. @param {string | null} reason */
export const whyNot = (reason) => (has(`refund.not.${reason}`) ? t(`refund.not.${reason}`) : t("refund.over"));

/** @param {import("../lib/http.js").RequestError} error */
export function refundProblem(error) {
  if (error.code === "refund_refused") return t("refund.refused");
  if (error.status === 409) return whyNot(error.code);
  return `${readingProblem(error)} ${t("refund.again")}`;
}
