import { formatMoney } from "../lib/money.js";
import { readingProblem } from "../lib/problems.js";
import { taxIn } from "./refund-words.js";
import { t } from "../lib/texts.js";

/** What goes back, before it is confirmed. @param {import("./withdrawal-api.js").WithdrawalQuote} quote */
export function consequence(quote) {
  const { amount, credits, currency, decimals } = quote;
  if (amount === 0) return t("withdrawal.nothing");
  return `${t("withdrawal.amount", { n: credits, price: formatMoney(amount, currency, decimals) })}${taxIn(quote)}`;
}

/** The same afterwards. @param {import("./withdrawal-api.js").Withdrawal} withdrawal */
export function outcome({ amount, credits, currency, decimals, refund_status: status, reason }) {
  if (status === null) return `${t(`withdrawal.why.${reason}`)} ${t("withdrawal.nothing")}`;
  if (status === "failed" || status === "refused") return t("withdrawal.refund_failed");
  return t("withdrawal.refunded", { n: credits, price: formatMoney(amount, currency, decimals) });
}

/** Why it could not be confirmed. @param {import("../lib/http.js").RequestError} error */
export function confirmingProblem(error) {
  // The request may have arrived all the same.
  if (error.status === 0 || error.status >= 500) return t("withdrawal.unknown");
  return withdrawalProblem(error);
}

/** Why it could not be read. @param {import("../lib/http.js").RequestError} error */
export function withdrawalProblem(error) {
  if (error.status === 409) return t("withdrawal.over");
  return `${readingProblem(error)} ${t("withdrawal.again")}`;
}
