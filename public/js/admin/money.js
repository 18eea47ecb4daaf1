import { calendarDay } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatMoney } from "../lib/money.js";
import { formatNumber } from "../lib/texts.js";
import { readConversion, readMoney } from "./api.js";
import { barChart, daysBetween } from "./bar-chart.js";
import { conversion } from "./conversion.js";
import { loadInto, nothing, section, table } from "./parts.js";

const SPANS = ["7", "30", "90", "365"];
const USUAL = "30";

/** Revenue by day, pack and currency; and the way from the store to the payment. @param {string} asked how many days */
export function moneyPage(asked) {
  const days = SPANS.includes(asked) ? asked : USUAL;
  const [revenues, ways] = [h("div", { class: "desk-page" }), h("div", { class: "desk-page" })];
  const spans = h(
    "nav",
    { class: "desk-spans", "aria-label": "How many days" },
    ...SPANS.map((each) => h("a", { href: `#money=${each}`, "aria-current": each === days ? "true" : null }, `${each} days`)),
  );
  loadInto(revenues, () => readMoney(days), render);
  loadInto(ways, () => readConversion(days), conversion, "Loading the conversion…");
  return { title: "Money", element: h("div", { class: "desk-page" }, spans, revenues, ways) };
}

/** @param {any} money */
function render(money) {
  const days = daysBetween(money.from, money.to);
  if (!money.currencies.length) return [section("Revenue", nothing("Nothing was paid in this time.")), ...fees(money.stripe)];
  return [
    ...money.currencies.map((/** @type {any} */ currency) => revenue(currency, days, money.daily)),
    ...fees(money.stripe),
    section("Packs", packs(money)),
    h("p", { class: "desk-hint" }, "Days are in UTC. Refunds and disputes count on the day they happened. All with tax."),
  ];
}

/** @param {any} currency @param {string[]} days @param {any[]} daily */
function revenue({ currency, decimals, purchases, paid, refunded }, days, daily) {
  const format = (/** @type {number} */ amount) => formatMoney(amount, currency, decimals);
  const rows = daily.filter((row) => row.currency === currency);
  const of = new Map(rows.map((row) => [row.day, row]));
  const title = `Revenue in ${currency.toUpperCase()}`;
  return section(
    title,
    h(
      "p",
      { class: "desk-sum" },
      h("strong", {}, format(paid - refunded)),
      ` net: ${format(paid)} paid for ${formatNumber(purchases)} orders, ${format(refunded)} went back.`,
    ),
    barChart({
      title: `${title} by day`,
      days,
      series: [
        { name: "Paid", values: days.map((day) => of.get(day)?.paid ?? 0) },
        { name: "Went back", values: days.map((day) => -(of.get(day)?.refunded ?? 0)) },
      ],
      format,
      table: table({
        caption: `${title} by day`,
        columns: ["Day", { label: "Purchases", numeric: true }, { label: "Paid", numeric: true }, { label: "Went back", numeric: true }],
        rows: rows.map((row) => [calendarDay(row.day), formatNumber(row.purchases), format(row.paid), format(row.refunded)]),
      }),
    }),
  );
}

/** What Stripe kept; nothing if its balance was never read. @param {any[]} rows by currency of the account */
function fees(rows) {
  if (!rows.length) return [];
  return [
    section(
      "Stripe’s fees",
      table({
        caption: "After Stripe’s fees",
        columns: ["Currency", { label: "Gross", numeric: true }, { label: "Fees", numeric: true }, { label: "Net", numeric: true }],
        rows: rows.map(({ currency, decimals, gross, fees: kept }) => [
          currency.toUpperCase(),
          ...[gross, kept, gross - kept].map((amount) => formatMoney(amount, currency, decimals)),
        ]),
      }),
      h("p", { class: "desk-hint" }, "In the currency that Stripe settles in: payments less what went back, as read from Stripe’s balance once a day."),
    ),
  ];
}

/** @param {any} money */
function packs({ packs: rows, currencies }) {
  const decimals = new Map(currencies.map((/** @type {any} */ each) => [each.currency, each.decimals]));
  return table({
    caption: "Packs by revenue",
    columns: ["Pack", "Currency", { label: "Purchases", numeric: true }, { label: "Paid", numeric: true }],
    rows: rows.map((/** @type {any} */ row) => [
      row.name,
      row.currency.toUpperCase(),
      formatNumber(row.purchases),
      formatMoney(row.paid, row.currency, decimals.get(row.currency) ?? 2),
    ]),
  });
}
