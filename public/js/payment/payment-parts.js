import { copyButton } from "../lib/copy-button.js";
import { gem, h } from "../lib/dom.js";
import { formatMoney } from "../lib/money.js";
import { formatNumber, t } from "../lib/texts.js";
import { waitingWork } from "../store/waiting-work.js";
import { wallet } from "../credits/wallet.js";

/** @param {import("./payment-watch.js").Purchase} purchase */
export function receipt({ package_name: name, credits, amount, currency, decimals }) {
  return t("payment.paid.more", { name, n: credits, price: formatMoney(amount, currency, decimals) });
}

/** What the header says too, now and later: both read it from the wallet. */
export function newBalance() {
  const amount = h("strong");
  const show = () => (amount.textContent = formatNumber(wallet.balance ?? 0));
  wallet.addEventListener("change", show);
  show();
  return h("p", { class: "payment__balance" }, h("span", {}, t("payment.new_balance")), " ", gem(), amount);
}

/** To the balance, or back to the work that waits for these credits. */
export function nextSteps() {
  const home = h("a", { class: "button", href: "/" }, t("see_balance"));
  const steps = h("p", { class: "actions" }, home);
  waitingWork("work.go_on").then((link) => {
    if (!link) return;
    home.classList.add("button--quiet");
    steps.prepend(link);
  });
  return steps;
}

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
