import { formatMoney } from "../lib/money.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./account-api.js").Account} Account */

/** The effects of deleting the account, a sentence each. @param {Account} account */
export function consequences(account) {
  const { holds, open_checkouts: checkouts, pending_payments: payments, files } = account;
  return [
    creditsGivenUp(account),
    ...(holds ? [t("deletion.holds", { n: holds })] : []),
    ...(checkouts ? [t("deletion.checkouts", { n: checkouts })] : []),
    ...payments.map(pendingPayment),
    ...(files ? [t("deletion.files", { n: files })] : []),
    t("deletion.for_good"),
  ];
}

/** @param {Account} account */
function creditsGivenUp({ balance, held }) {
  if (balance < 0) return t("deletion.negative", { credits: t("credits", { n: balance }) });
  if (balance === 0) return t("deletion.no_credits");
  const aside = held > 0 ? ` ${t("deletion.set_aside", { n: held })}` : "";
  return t("deletion.credits", { n: balance }) + aside;
}

/** @param {Account["pending_payments"][number]} payment */
function pendingPayment({ package_name: name, amount, currency, decimals }) {
  return t("deletion.payment", { price: formatMoney(amount, currency, decimals), name });
}

/** Why the account's data did not come, or the account was not deleted. @param {import("../lib/http.js").RequestError} error */
export function accountProblem(error) {
  if (error.code === "offline") return t("problem.offline");
  if (error.status === 401) return t("auth.error.signed_out");
  if (error.status === 429 && error.retryAfterSeconds)
    return t("account.too_often", { n: Math.ceil(error.retryAfterSeconds / 60) });
  return t(error.status === 0 ? "account.no_answer" : "auth.error.other");
}

/** The last page, a sentence each. @param {import("./deletion-note.js").DeletionNote | null} deletion */
export function deletedSentences(deletion) {
  const { credits_given_up: credits = 0, files = 0, finished = true } = deletion ?? {};
  return [
    t("deleted.signed_out"),
    ...(credits > 0 ? [t("deleted.credits", { n: credits })] : []),
    ...(finished && files > 0 ? [t("deleted.files", { n: files })] : []),
    ...(finished ? [] : [t("deleted.unfinished")]),
  ];
}
