import { loadConfig } from "../lib/config.js";
import { copyButton } from "../lib/copy-button.js";
import { gem, h } from "../lib/dom.js";
import { formatNumber, t } from "../lib/texts.js";
import { openStore } from "../store/checkout.js";
import { waitingWork } from "../store/waiting-work.js";
import { wallet } from "../credits/wallet.js";
import { invoiceButtons } from "./invoice-button.js";
import { receiptButton } from "./receipt-button.js";

/** @typedef {import("./payment-watch.js").Purchase} Purchase */

/** What the header says too, now and later: both read it from the wallet. */
export function newBalance() {
  const amount = h("strong");
  const show = () => (amount.textContent = formatNumber(wallet.balance ?? 0));
  wallet.addEventListener("change", show);
  show();
  return h("p", { class: "payment__balance" }, h("span", {}, t("payment.new_balance")), " ", gem(), amount);
}

/** To what credits are for, first of all to work that waits for these; and to the balance. */
export function nextSteps() {
  const use = h("a", { class: "button", href: "/files" }, t("payment.use"));
  const home = homeLink();
  waitingWork("work.go_on").then((link) => link && becomes(use, link));
  // Where files are switched off, or it is not known, the balance and the store are what is left.
  loadConfig().then(
    ({ files_enabled: hasFiles }) => {
      if (hasFiles) return;
      use.hidden = true;
      home.classList.remove("button--quiet");
    },
    () => {},
  );
  return actions(use, home);
}

/** The link stays the one that may have the keyboard. @param {HTMLAnchorElement} link @param {HTMLAnchorElement} other */
function becomes(link, other) {
  link.href = other.href;
  link.textContent = other.textContent;
}

/** Stripe's receipt and invoice, as far as there are any. @param {Purchase} purchase */
export function documents({ receipt, invoice }) {
  const buttons = [...(receipt ? [receiptButton(receipt)] : []), ...(invoice ? invoiceButtons(invoice) : [])];
  return h("p", { class: "payment__documents", hidden: buttons.length === 0 }, ...buttons);
}

export const homeLink = () => h("a", { class: "button button--quiet", href: "/" }, t("see_balance"));

/** @param {{ quiet?: boolean }} [options] whether something else is offered first */
export function storeButton({ quiet = false } = {}) {
  const style = quiet ? "button button--quiet" : "button";
  return h("button", { class: style, type: "button", onclick: () => openStore() }, t("back_to_store"));
}

/** @param {...Node} nodes */
export const actions = (...nodes) => h("p", { class: "actions" }, ...nodes);

/** What support needs to find the payment. @param {string} sessionId */
export function reference(sessionId) {
  return h(
    "div",
    { class: "payment__reference" },
    h("p", {}, t("payment.reference")),
    h("code", {}, sessionId),
    copyButton(sessionId, t("payment.copy_reference")),
  );
}
