import { calendarDay, time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatNumber } from "../lib/texts.js";
import { barChart, daysBetween } from "./bar-chart.js";
import { declineWords } from "./decline-words.js";
import { code, nothing, section, table } from "./parts.js";
import { count, percent } from "./words.js";

/**
 * People: opened the store, began a checkout, bought. Orders by their end: the others.
 * @typedef {{ opened: number, began: number, bought: number, paid: number, processing: number, open: number,
 *   declined: number, failed: number, expired: number, abandoned: number }} Counts
 */

const number = (/** @type {string} */ label) => ({ label, numeric: true });

/** How a checkout can end: a column of the table and a colour of the chart each. @type {[string, (of: Counts) => number][]} */
const ENDS = [
  ["Paid", ({ paid }) => paid],
  ["Payment declined", ({ declined }) => declined],
  ["Bank debit failed", ({ failed }) => failed],
  ["Abandoned", ({ expired, abandoned }) => expired + abandoned],
  ["Not decided yet", ({ processing, open }) => processing + open],
];

/** From the opened store to the payment, and why it did not come so far. @param {any} of as desk_conversion answers */
export function conversion({ from, to, daily, total, declines }) {
  const days = daysBetween(from, to);
  return [
    section("Conversion", ...people(days, daily, total)),
    section("How checkouts ended", ...ends(days, daily, total)),
    section("Declined payments", ...declined(declines)),
  ];
}

/** @param {string[]} days @param {any[]} daily @param {Counts} total */
function people(days, daily, { opened, began, bought }) {
  const hint = h(
    "p",
    { class: "desk-hint" },
    "A person counts once a day in each column. Only signed-in people are counted. A payment counts on the day its checkout began.",
  );
  if (!opened && !began) return [nothing("No signed-in person opened the store in this time."), hint];
  const title = "From the store to the payment by day";
  /** @type {[string, (of: Counts) => number][]} */
  const parts = [
    ["Paid", (of) => of.bought],
    ["Began a checkout only", (of) => of.began - of.bought],
    ["Opened the store only", (of) => Math.max(of.opened - of.began, 0)],
  ];
  return [
    h(
      "p",
      { class: "desk-sum" },
      h("strong", {}, percent(bought, opened)),
      ` of those who opened the store paid: ${formatNumber(opened)} opened it, ${formatNumber(began)} (${percent(began, opened)}) began a checkout, ${formatNumber(bought)} paid.`,
    ),
    dayChart(title, days, daily, parts, {
      columns: ["Day", number("Opened the store"), number("Began a checkout"), number("Paid"), number("Paid, of those who opened")],
      row: (of) => [formatNumber(of.opened), formatNumber(of.began), formatNumber(of.bought), percent(of.bought, of.opened)],
    }),
    hint,
  ];
}

/** @param {string[]} days @param {any[]} daily @param {Counts} total */
function ends(days, daily, total) {
  const orders = ENDS.reduce((sum, [, of]) => sum + of(total), 0);
  if (!orders) return [nothing("No checkout began in this time.")];
  const said = ENDS.filter(([, of]) => of(total)).map(([name, of]) => `${name.toLowerCase()} ${formatNumber(of(total))}`);
  return [
    h("p", { class: "desk-sum" }, h("strong", {}, percent(total.paid, orders)), ` of ${count(orders, "checkout")} were paid: ${said.join(", ")}.`),
    dayChart("Checkouts by the day they began, and how they ended", days, daily, ENDS, {
      columns: ["Day", ...ENDS.map(([name]) => number(name))],
      row: (of) => ENDS.map(([, each]) => formatNumber(each(of))),
    }),
    h(
      "p",
      { class: "desk-hint" },
      `Abandoned: nobody tried to pay, and Stripe closed the payment page (${formatNumber(total.expired)}), or has not said how it ended after a day (${formatNumber(total.abandoned)}). `,
      `Not decided yet: begun in the last 24 hours (${formatNumber(total.open)}), or the bank has not confirmed the payment (${formatNumber(total.processing)}).`,
    ),
  ];
}

/**
 * @param {string} title
 * @param {string[]} days
 * @param {(Counts & { day: string })[]} daily
 * @param {[string, (of: Counts) => number][]} parts
 * @param {{ columns: (string | { label: string, numeric: boolean })[], row: (of: Counts) => string[] }} shown
 */
function dayChart(title, days, daily, parts, { columns, row }) {
  const of = new Map(daily.map((each) => [each.day, each]));
  const values = (/** @type {(of: Counts) => number} */ part) =>
    days.map((day) => {
      const found = of.get(day);
      return found ? part(found) : 0;
    });
  return barChart({
    title,
    days,
    series: parts.map(([name, part]) => ({ name, values: values(part) })),
    format: (value) => formatNumber(value),
    table: table({
      caption: title,
      columns,
      rows: daily.filter((each) => parts.some(([, part]) => part(each))).map((each) => [calendarDay(each.day), ...row(each)]),
    }),
  });
}

/** @param {any} declines */
function declined({ orders, people: who, paid, cut_at: cutAt, reasons }) {
  if (!orders) return [nothing("No payment was declined in this time.")];
  const line = `${count(orders, "order")} of ${count(who, "person", "people")} had a declined payment. ${formatNumber(paid)} of these orders were paid in the end.`;
  return [
    h("p", { class: "desk-sum" }, line),
    cutAt && h("p", { class: "desk-said" }, "Only the newest 100,000 are counted. They reach back to ", time(cutAt), "."),
    table({
      caption: "Reasons, the most frequent first",
      columns: ["Reason", number("Orders"), number("People"), number("Paid in the end")],
      rows: reasons.map((/** @type {any} */ each) => [
        h("div", {}, declineWords(each.code), " ", code(each.code)),
        formatNumber(each.orders),
        formatNumber(each.people),
        formatNumber(each.paid),
      ]),
    }),
    h("p", { class: "desk-hint" }, "An order counts under the reason of its latest decline, on the day of that decline."),
  ];
}
