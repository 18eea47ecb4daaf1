import { time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatMoney } from "../lib/money.js";
import { formatNumber } from "../lib/texts.js";
import { readRefunds } from "./api.js";
import { badge, facts, loadInto, nothing, table } from "./parts.js";
import { count } from "./words.js";

/** @typedef {import("./order-card.js").Tone} Tone */

/** @type {Record<string, [string, Tone]>} */
const STATES = {
  begun: ["waiting for Stripe", "plain"],
  done: ["done", "good"],
  refused: ["refused", "bad"],
  failed: ["failed", "bad"],
};

/**
 * What of an order can be refunded, and what became of its refunds. Empty until load() is called.
 * @param {string} orderId
 * @param {HTMLElement | null} button refunds it; for admins
 */
export function orderRefunds(orderId, button) {
  const element = h("div", { class: "desk-refunds" });
  const load = () => loadInto(element, () => readRefunds(orderId), (found) => render(found, button), "Checking what can be refunded…");
  return { element, load };
}

/** @param {any} found @param {HTMLElement | null} button */
function render({ quote, refunds }, button) {
  const amount = formatMoney(quote.amount, quote.currency, quote.decimals);
  const tax = quote.tax > 0 ? ` with ${formatMoney(quote.tax, quote.currency, quote.decimals)} tax` : "";
  return [
    facts([["Refundable now", quote.refundable ? `${amount}${tax} for ${count(quote.credits, "unused credit")}` : quote.message]]),
    refunds.length > 0 && asked(refunds),
    quote.refundable && (button ? h("p", { class: "desk-buttons" }, button) : nothing("An admin can refund it.")),
  ];
}

/** @param {any[]} refunds */
function asked(refunds) {
  return table({
    caption: "Refunds, newest first",
    columns: ["When", "State", { label: "Amount", numeric: true }, { label: "Credits", numeric: true }, "By", "Reason"],
    rows: refunds.map((each) => {
      const [state, tone] = STATES[each.status] ?? [each.status, "plain"];
      return [
        time(each.created_at),
        h("span", {}, badge(state, tone), each.refusal ? ` ${each.refusal}` : ""),
        formatMoney(each.amount, each.currency, each.decimals),
        formatNumber(each.credits),
        each.actor,
        each.asked_because,
      ];
    }),
  });
}
