import { whileBusy } from "../lib/busy-button.js";
import { untilClosed } from "../lib/dialog.js";
import { h, uniqueId } from "../lib/dom.js";
import { makeRefund, readRefund } from "./refund-api.js";
import { consequence, outcome, refundProblem, whyNot } from "./refund-words.js";
import { t } from "../lib/texts.js";
import { wallet } from "../credits/wallet.js";

/** @typedef {import("./refund-api.js").RefundQuote} Quote */

/**
 * The second step of a refund, and then what became of it. Escape and Cancel do nothing. The keyboard returns to
 * where it was.
 * @param {Quote} quote
 * @param {Element} opener the button of the first step
 */
export function openRefund(quote, opener) {
  const titleId = uniqueId("refund");
  const dialog = h("dialog", { class: "ask", "aria-labelledby": titleId });
  dialog.append(...question(quote, titleId, dialog));
  untilClosed(dialog, opener);
}

/**
 * @param {Quote} quote
 * @param {string} titleId
 * @param {HTMLDialogElement} dialog
 * @param {string} [complaint] what happened before
 */
function question(quote, titleId, dialog, complaint = "") {
  // One key for what was shown, so that a second try after a silence refunds once.
  const key = crypto.randomUUID();
  const problem = h("p", { class: "ask__problem", role: "alert" }, complaint);
  const yes = h("button", { class: "button", type: "button" }, t("refund.confirm"));
  const no = h(
    "button",
    { class: "button button--quiet", type: "button", autofocus: true, onclick: () => dialog.close() },
    t("refund.cancel"),
  );
  /** Something was used meanwhile: what goes back is shown anew. */
  const askAgain = async () => {
    const changed = await readRefund(quote.purchase);
    if (!changed.refundable) {
      problem.textContent = whyNot(changed.reason);
      return;
    }
    dialog.replaceChildren(...question(changed, titleId, dialog, t("refund.changed")));
    dialog.querySelector("button")?.focus();
  };
  yes.addEventListener("click", () =>
    whileBusy(yes, t("refund.confirming"), async () => {
      problem.textContent = "";
      try {
        const refund = await makeRefund(quote, key).catch((error) => {
          if (error.code !== "quote_changed") throw error;
        });
        if (!refund) return await askAgain();
        dialog.replaceChildren(...confirmation(refund, titleId, dialog));
        dialog.querySelector("h2")?.focus();
        wallet.load();
      } catch (error) {
        problem.textContent = refundProblem(error);
      }
    }),
  );
  return [
    h("h2", { id: titleId }, t("refund.title")),
    h("p", {}, quote.package_name),
    h("p", {}, consequence(quote)),
    problem,
    h("p", { class: "actions" }, no, yes),
  ];
}

/** @param {import("./refund-api.js").Refund} refund @param {string} titleId @param {HTMLDialogElement} dialog */
function confirmation(refund, titleId, dialog) {
  const close = h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("refund.close"));
  return [
    h("h2", { id: titleId, tabindex: "-1" }, t(refund.status === "begun" ? "refund.accepted" : "refund.done")),
    h("p", {}, outcome(refund)),
    h("p", { class: "actions" }, close),
  ];
}
