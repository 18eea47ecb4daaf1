import { whileBusy } from "../lib/busy-button.js";
import { moment } from "../lib/dates.js";
import { untilClosed } from "../lib/dialog.js";
import { h, uniqueId } from "../lib/dom.js";
import { person } from "../session/person.js";
import { parts, t } from "../lib/texts.js";
import { wallet } from "../credits/wallet.js";
import { confirmWithdrawal, readWithdrawal } from "./withdrawal-api.js";
import { confirmingProblem, consequence, outcome, withdrawalProblem } from "./withdrawal-words.js";

/** @typedef {import("./withdrawal-api.js").WithdrawalQuote} Quote */
/** @typedef {import("./withdrawal-api.js").Withdrawal} Withdrawal */

/**
 * The second step of a withdrawal, and then its confirmation with the time. Escape and Cancel do nothing. The
 * keyboard returns to where it was.
 * @param {Quote} quote
 * @param {Element} opener the button of the first step
 */
export function openWithdrawal(quote, opener) {
  const titleId = uniqueId("withdrawal");
  const dialog = h("dialog", { class: "ask", "aria-labelledby": titleId });
  const show = (/** @type {Node[]} */ ...content) => dialog.replaceChildren(...content);
  if (quote.withdrawal) show(...confirmation(quote.withdrawal, titleId, dialog));
  else show(...question(quote, titleId, dialog, show));
  untilClosed(dialog, opener);
}

/**
 * @param {Quote} quote
 * @param {string} titleId
 * @param {HTMLDialogElement} dialog
 * @param {(...content: Node[]) => void} show
 * @param {string} [complaint] what happened before
 */
function question(quote, titleId, dialog, show, complaint = "") {
  const problem = h("p", { class: "ask__problem", role: "alert" }, complaint);
  const yes = h("button", { class: "button", type: "button" }, t("withdrawal.confirm"));
  const no = h(
    "button",
    { class: "button button--quiet", type: "button", autofocus: true, onclick: () => dialog.close() },
    t("withdrawal.cancel"),
  );
  yes.addEventListener("click", () =>
    whileBusy(yes, t("withdrawal.confirming"), async () => {
      problem.textContent = "";
      try {
        const withdrawal = await confirmWithdrawal(quote);
        show(...confirmation(withdrawal, titleId, dialog));
        dialog.querySelector("h2")?.focus();
        wallet.load();
      } catch (error) {
        if (error.code !== "quote_changed") problem.textContent = confirmingProblem(error);
        else await askAgain();
      }
    }),
  );
  /** Something was used meanwhile: what goes back is shown anew. */
  const askAgain = async () => {
    try {
      show(...question(await readWithdrawal(quote.purchase), titleId, dialog, show, t("withdrawal.changed")));
      dialog.querySelector("button")?.focus();
    } catch (error) {
      problem.textContent = withdrawalProblem(error);
    }
  };
  return [
    h("h2", { id: titleId }, t("withdrawal.title")),
    h("p", {}, t("withdrawal.lead")),
    facts(quote, ...(person.email ? [mailTo(person.email)] : [])),
    h("p", {}, consequence(quote)),
    problem,
    h("p", { class: "actions" }, no, yes),
  ];
}

/** @param {string} email @returns {[string, string]} */
const mailTo = (email) => [t("withdrawal.mail"), email];

/** @param {Withdrawal} withdrawal @param {string} titleId @param {HTMLDialogElement} dialog */
function confirmation(withdrawal, titleId, dialog) {
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("withdrawal.close"));
  return [
    h("h2", { id: titleId, tabindex: "-1" }, t("withdrawal.confirmed")),
    h("p", {}, ...parts("withdrawal.received", { time: moment(withdrawal.withdrawn_at) })),
    facts(withdrawal),
    h("p", {}, outcome(withdrawal)),
    h("p", {}, t(withdrawal.mailed ? "withdrawal.mailed" : "withdrawal.keep")),
    h("p", { class: "actions" }, close),
  ];
}

/**
 * What the withdrawal is about.
 * @param {Quote | Withdrawal} about
 * @param {...[string, string]} more
 */
function facts({ package_name: name, purchase, paid_at: paidAt }, ...more) {
  /** @type {[string, string | Node][]} */
  const rows = [
    [t("withdrawal.pack"), name],
    [t("withdrawal.order"), h("code", {}, purchase)],
    [t("withdrawal.paid"), moment(paidAt)],
    ...more,
  ];
  return h(
    "dl",
    { class: "ask__facts" },
    ...rows.flatMap(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]),
  );
}
