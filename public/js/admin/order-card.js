import { time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatMoney } from "../lib/money.js";
import { badge, code, facts, table } from "./parts.js";
import { credits } from "./words.js";

/** @typedef {"good" | "bad" | "plain"} Tone */

/** @type {Record<string, [string, Tone]>} */
const STATES = {
  paid: ["paid", "good"],
  open: ["not paid", "plain"],
  processing: ["pending at the bank", "plain"],
  failed: ["failed", "bad"],
  expired: ["expired", "plain"],
  mismatch: ["not as ordered", "bad"],
};

/**
 * An order: what was ordered, what became of it, and every event that touched it.
 * @param {any} order
 * @param {HTMLElement[]} buttons what can be done about it
 * @param {{ element: HTMLElement, load: () => void } | null} refunds loaded when the card is opened
 */
export function orderCard(order, buttons, refunds) {
  const [state, tone] = STATES[order.status] ?? [order.status, "plain"];
  const currency = order.currency_paid ?? order.currency;
  const show = (/** @type {number} */ amount) => formatMoney(amount, currency, order.decimals);
  const card = h(
    "details",
    { class: "desk-order" },
    h(
      "summary",
      {},
      h("span", { class: "desk-order__what" }, `${order.package_name}, ${credits(order.credits)}`),
      badge(state, tone),
      order.withdrawn > 0 && badge(`${show(order.withdrawn)} went back`, "bad"),
      h("span", { class: "desk-order__when" }, time(order.created_at)),
    ),
    facts([
      ["Order", code(order.order_id)],
      ["Price", formatMoney(order.unit_amount, order.currency, order.decimals_ordered)],
      ["Paid", order.amount_paid !== null && order.paid_at ? h("span", {}, show(order.amount_paid), " · ", time(order.paid_at)) : null],
      ["Discount", order.amount_discount > 0 && show(order.amount_discount)],
      ["Tax in it", order.amount_tax > 0 && show(order.amount_tax)],
      ["Credits posted", `${credits(order.credits_posted)} of ${credits(order.credits)}`],
      ["Last declined", order.declined_at && h("span", {}, time(order.declined_at), ` · ${order.decline_code ?? "no code"}`)],
      ["Checkout Session", order.checkout_session_id && code(order.checkout_session_id)],
      ["Payment", order.payment_intent_id && code(order.payment_intent_id)],
      ["Invoice", order.invoice_id && code(order.invoice_id)],
      ["Decision", order.decision && `${order.decision} by ${order.decided_by}: ${order.decided_because}`],
    ]),
    order.reversals.length > 0 && reversals(order),
    events(order),
    refunds?.element,
    buttons.length > 0 && h("p", { class: "desk-buttons" }, ...buttons),
  );
  if (refunds) card.addEventListener("toggle", refunds.load, { once: true });
  return card;
}

/** @param {any} order */
function reversals(order) {
  return table({
    caption: "Refunds and disputes",
    columns: ["When", "What", "State", { label: "Amount", numeric: true }, "Id"],
    rows: order.reversals.map((/** @type {any} */ each) => [
      time(each.occurred_at),
      each.kind,
      each.status,
      formatMoney(each.amount, each.currency, each.decimals),
      code(each.id),
    ]),
  });
}

/** @param {any} order */
function events({ events: list }) {
  if (!list.length) return h("p", { class: "desk-nothing" }, "No webhook event has touched this order.");
  return table({
    caption: "Webhook events, oldest first",
    columns: ["At Stripe", "Event", "Received", { label: "Deliveries", numeric: true }, "Id"],
    rows: list.map((/** @type {any} */ each) => [
      time(each.created_at),
      each.type,
      time(each.received_at),
      each.deliveries,
      code(each.id),
    ]),
  });
}
