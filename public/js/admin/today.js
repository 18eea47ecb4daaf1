import { time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatMoney } from "../lib/money.js";
import { readChecks, readToday } from "./api.js";
import { badge, facts, loadInto, nothing, personLink, section, table } from "./parts.js";
import { count, duration } from "./words.js";

/** @typedef {{ currency: string, decimals: number, purchases: number, paid: number, refunds: number,
 *   refunded: number, disputes: number, disputed: number }} Money */

/** The first page: money, and what needs a person. */
export function todayPage() {
  const place = h("div", { class: "desk-page" });
  loadInto(place, readToday, render);
  return { title: "Today", element: place };
}

/** @param {any} today */
function render(today) {
  return [
    section(
      "Money",
      h(
        "div",
        { class: "desk-cards" },
        card("Today", today.money.today),
        card("Last 7 days", today.money.week),
        card("Last 30 days", today.money.month),
      ),
      h("p", { class: "desk-hint" }, "Days are in UTC. Refunds and disputes count on the day they happened."),
    ),
    section("Disputes to answer", disputes(today.disputes)),
    section("Payments that differ from their order", mismatches(today.mismatches)),
    section("Unfinished refunds", stuckRefunds(today.refunds)),
    section("Payments that a bank has not confirmed", pending(today.pending)),
    section("System", machinery(today), everything()),
  ];
}

/** @param {string} title @param {Money[]} money */
function card(title, money) {
  return h(
    "div",
    { class: "desk-card" },
    h("h3", {}, title),
    ...(money.length ? money.map(cardLines) : [nothing("Nothing was paid.")]),
  );
}

/** @param {Money} of */
function cardLines(of) {
  const show = (/** @type {number} */ amount) => formatMoney(amount, of.currency, of.decimals);
  const lines = [
    `${count(of.purchases, "purchase")}, ${show(of.paid)} paid`,
    of.refunds ? `${count(of.refunds, "refund")}, ${show(of.refunded)}` : "",
    of.disputes ? `${count(of.disputes, "dispute")}, ${show(of.disputed)}` : "",
  ];
  return h(
    "div",
    {},
    h("p", { class: "desk-card__sum" }, show(of.paid - of.refunded - of.disputed)),
    ...lines.filter(Boolean).map((line) => h("p", { class: "desk-card__line" }, line)),
  );
}

/** @param {any[]} rows */
function disputes(rows) {
  if (!rows.length) return nothing("No dispute waits for an answer.");
  return table({
    caption: "Disputes to answer, soonest first",
    columns: ["Answer by", "Person", { label: "Amount", numeric: true }, "Dispute"],
    rows: rows.map((row) => [
      row.due_at ? time(row.due_at) : "unknown",
      personLink(row.user_id, row.email),
      formatMoney(row.amount, row.currency, row.decimals),
      row.id,
    ]),
  });
}

/** @param {any[]} rows */
function pending(rows) {
  if (!rows.length) return nothing("No payment is pending.");
  return table({
    caption: "Pending payments, oldest first",
    columns: ["Since", "Person", "Pack", { label: "Amount", numeric: true }],
    rows: rows.map((row) => [
      time(row.since),
      personLink(row.user_id, row.email),
      row.package_name,
      formatMoney(row.amount, row.currency, row.decimals),
    ]),
  });
}

/** @param {any[]} rows */
function stuckRefunds(rows) {
  if (!rows.length) return nothing("No refund has waited for Stripe for more than an hour.");
  return table({
    caption: "Unfinished refunds, oldest first",
    columns: ["Begun", "Person", "Pack", { label: "Amount", numeric: true }, { label: "Attempts", numeric: true }, "Next attempt"],
    rows: rows.map((row) => [
      time(row.created_at),
      personLink(row.user_id, row.email),
      row.package_name,
      formatMoney(row.amount, row.currency, row.decimals),
      row.attempts,
      time(row.next_attempt_at),
    ]),
  });
}

/** @param {any[]} rows */
function mismatches(rows) {
  if (!rows.length) return nothing("No payment differs from its order.");
  return table({
    caption: "Mismatches, oldest first",
    columns: ["Ordered", "Person", "Pack", "What is wrong"],
    rows: rows.map((row) => [
      time(row.created_at),
      personLink(row.user_id, row.email),
      row.package_name,
      row.sealed
        ? `Ordered at ${formatMoney(row.unit_amount, row.currency, row.decimals)}, but Stripe's checkout was for ${formatMoney(row.amount_subtotal, row.currency_paid, row.decimals_paid)}`
        : "Its metadata has no valid seal",
    ]),
  });
}

/** @param {any} today */
function machinery({ webhook, reconciliation, balances }) {
  return facts([
    [
      "Webhook delay",
      webhook.events
        ? `Half within ${duration(webhook.p50_seconds)}, 95 in 100 within ${duration(webhook.p95_seconds)} (${count(webhook.events, "event")})`
        : "No event has arrived yet",
    ],
    ["Last event", webhook.last_event_at && h("span", {}, time(webhook.last_event_at), ` · ${webhook.last_type}`)],
    ["Last reconciliation", reconciliation?.finished_at ? time(reconciliation.finished_at) : "None yet"],
    [
      "Balances",
      balances.off.length
        ? h(
            "span",
            {},
            badge(`${count(balances.off.length, "account")} off`, "bad"),
            ...balances.off.map((/** @type {any} */ each) => h("span", {}, " ", personLink(each.user_id, each.user_id))),
          )
        : h("span", {}, badge("All add up", "good"), ` ${count(balances.checked, "account")} with the latest changes`),
    ],
  ]);
}

/** The button that checks the whole ledger. */
function everything() {
  const place = h("div", { class: "desk-checks" });
  const start = h("button", { class: "button button--quiet", type: "button" }, "Check every account");
  start.addEventListener("click", () => loadInto(place, readChecks, found, "Reading the whole ledger…"));
  place.append(start);
  return place;
}

/** @param {any} checks */
function found(checks) {
  const { users, ...lists } = checks;
  /** @type {Record<string, string>} */
  const names = {
    balances_off: "balance differs from its ledger rows",
    lots_off: "balance differs from its lots",
    purchases_off: "order is not settled as its payments say",
    postings_off: "order differs from its ledger rows",
  };
  const wrong = Object.entries(lists).filter(([, cases]) => cases.length);
  if (!wrong.length)
    return [h("p", { role: "status" }, badge("All add up", "good"), ` ${count(users, "account")}, every balance, lot and order.`)];
  return wrong.map(([name, cases]) =>
    h(
      "div",
      { role: "alert" },
      h("p", {}, badge(count(cases.length, "case"), "bad"), `: ${names[name]}. Run make doctor: it says what to do.`),
      h("ul", {}, ...cases.map((/** @type {any} */ each) => h("li", {}, personLink(each.user_id, each.order_id ?? each.user_id)))),
    ),
  );
}
