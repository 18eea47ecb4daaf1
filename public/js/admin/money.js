import { calendarDay } from "../dates.js";
import { h } from "../dom.js";
import { formatMoney } from "../money.js";
import { formatNumber } from "../texts.js";
import { readMoney } from "./api.js";
import { barChart, daysBetween } from "./bar-chart.js";
import { loadInto, nothing, section, table } from "./parts.js";

const SPANS = ["7", "30", "90", "365"];
const USUAL = "30";

/** Revenue by day, pack and currency. @param {string} asked how many days */
export function moneyPage(asked) {
  const days = SPANS.includes(asked) ? asked : USUAL;
  const place = h("div", { class: "desk-page" });
  const spans = h(
    "nav",
    { class: "desk-spans", "aria-label": "How many days" },
    ...SPANS.map((each) => h("a", { href: `#money=${each}`, "aria-current": each === days ? "true" : null }, `${each} days`)),
  );
  loadInto(place, () => readMoney(days), render);
  return { title: "Money", element: h("div", { class: "desk-page" }, spans, place) };
}

/** @param {any} money */
function render(money) {
  const days = daysBetween(money.from, money.to);
  if (!money.currencies.length) return [section("Revenue", nothing("Nothing was paid in this time."))];
  return [
    ...money.currencies.map((/** @type {any} */ currency) => revenue(currency, days, money.daily)),
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
