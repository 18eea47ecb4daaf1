import { calendarDay, time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatMoney } from "../lib/money.js";
import { formatNumber } from "../lib/texts.js";
import { countUse } from "./api.js";
import { barChart, daysBetween } from "./bar-chart.js";
import { loadInto, nothing, section, table } from "./parts.js";
import { credits } from "./words.js";

/** The daily job counts. Figures older than this say that it does not run, so the page counts itself. */
const OLD_HOURS = 36;

/** @type {Record<string, string>} */
const SOURCES = {
  signup: "Sign-up bonus",
  code: "Codes",
  file: "Grants from a file",
  grant: "Grants",
  correction: "Corrections",
  order: "Orders at no charge",
};

/**
 * What free credits cost and how old the credits left are, as counted last; counts anew if that is long ago.
 * @param {any | null} counted
 */
export function countedUse(counted) {
  const place = h("div", { class: "desk-page" });
  const load = () => loadInto(place, countUse, ({ counted: figures }) => (figures ? render(figures, anew) : [busy(anew)]), "Counting all lots…");
  const anew = async () => {
    await load();
    // The button that was pressed is gone.
    place.querySelector("button")?.focus();
  };
  if (counted && hoursSince(counted.at) < OLD_HOURS) place.replaceChildren(...render(counted, anew));
  else load();
  return place;
}

/** @param {string} iso */
const hoursSince = (iso) => (Date.now() - Date.parse(iso)) / (60 * 60 * 1000);

/** @param {() => Promise<void>} anew */
function busy(anew) {
  return section("Free credits", nothing("Somebody else is counting at the moment."), again(anew));
}

/** @param {() => Promise<void>} anew */
function again(anew) {
  const button = h("button", { class: "button button--quiet", type: "button" }, "Count anew");
  button.addEventListener("click", anew);
  return h("p", { class: "desk-buttons" }, button);
}

/** @param {any} figures @param {() => Promise<void>} anew */
function render(figures, anew) {
  return [
    section("Free credits", ...freeCredits(figures), countedAt(figures)),
    section("Credits left, by age", ...ages(figures), countedAt(figures), again(anew)),
  ];
}

/** @param {any} figures */
const countedAt = ({ at }) => h("p", { class: "desk-hint" }, "All lots, counted ", time(at), ".");

/** @param {any} figures */
function freeCredits({ from, to, daily, sources, prices }) {
  if (!daily.length) return [nothing("No credits were given without payment in the last 30 days.")];
  const sum = (/** @type {string} */ name) => daily.reduce((/** @type {number} */ total, /** @type {any} */ row) => total + row[name], 0);
  const [given, used] = [sum("given"), sum("used")];
  const share = given ? Math.round((100 * used) / given) : 0;
  return [
    h(
      "p",
      { class: "desk-sum" },
      h("strong", {}, credits(used)),
      ` used of ${formatNumber(given)} that were given without payment in the last 30 days: ${share}%. ${formatNumber(sum("expired"))} have expired or were given up, ${formatNumber(sum("remain"))} are left.`,
    ),
    chart({ from, to, daily }),
    h("h3", {}, "By source"),
    bySource(sources),
    h("h3", {}, "What the used ones are worth"),
    ...worth(prices, used),
    h(
      "p",
      { class: "desk-hint" },
      "A gift counts on the day it was given, in UTC. Used is what is neither left nor expired: it includes debts that a gift paid off, and what a correction took. The source is known by the name of the lot.",
    ),
  ];
}

/** @param {{ from: string, to: string, daily: any[] }} of */
function chart({ from, to, daily }) {
  const days = daysBetween(from, to);
  const of = new Map(daily.map((row) => [row.day, row]));
  const values = (/** @type {string} */ name) => days.map((day) => of.get(day)?.[name] ?? 0);
  return barChart({
    title: "Free credits by the day they were given",
    days,
    series: [
      { name: "Used", values: values("used") },
      { name: "Left", values: values("remain") },
      { name: "Expired or given up", values: values("expired") },
    ],
    format: (value) => formatNumber(value),
    table: table({
      caption: "Free credits by the day they were given",
      columns: ["Day", ...NUMBERS],
      rows: daily.map((row) => [calendarDay(row.day), ...numbers(row)]),
    }),
  });
}

const NUMBERS = ["Given", "Used", "Expired", "Left"].map((label) => ({ label, numeric: true }));

/** @param {any} row */
const numbers = (row) => [row.given, row.used, row.expired, row.remain].map((value) => formatNumber(value));

/** @param {any[]} rows */
function bySource(rows) {
  return table({
    caption: "Free credits by source and name",
    columns: ["Source", "Name", ...NUMBERS],
    rows: rows.map((row) => [SOURCES[row.source] ?? row.source, row.name ?? "Other names", ...numbers(row)]),
  });
}

/** @param {any[]} prices @param {number} used */
function worth(prices, used) {
  if (!prices.length)
    return [nothing("Nothing was paid for credits in the last 365 days. So there is no price at which they could be valued.")];
  return [
    table({
      caption: "The used free credits at what credits cost on average",
      columns: [
        "Currency",
        { label: "Orders", numeric: true },
        { label: "Paid for 1,000 credits", numeric: true },
        { label: `Worth of ${formatNumber(used)}`, numeric: true },
      ],
      rows: prices.map((row) => [
        row.currency.toUpperCase(),
        formatNumber(row.orders),
        formatMoney(Math.round((1000 * row.paid) / row.credits), row.currency, row.decimals),
        formatMoney(row.value, row.currency, row.decimals),
      ]),
    }),
    h(
      "p",
      { class: "desk-hint" },
      `What they would have cost at the average price of the last 365 days. It is no expense: nobody knows whether they would have been bought.${prices.length > 1 ? " Each line values all of them in its currency, so the lines do not add up." : ""}`,
    ),
  ];
}

/** @param {{ after_days: number, to_days: number | null }} age */
const span = ({ after_days: from, to_days: to }) => (to === null ? `over ${formatNumber(from - 1)}` : `${formatNumber(from)}–${formatNumber(to)}`);

/** @param {any} figures */
function ages({ ages: rows, expiring }) {
  const left = rows.reduce((/** @type {number} */ sum, /** @type {any} */ row) => sum + row.paid + row.free, 0);
  if (!left) return [nothing("Nobody has credits left.")];
  const labels = new Map(rows.map((/** @type {any} */ row) => [String(row.after_days), span(row)]));
  return [
    h(
      "p",
      { class: "desk-sum" },
      h("strong", {}, credits(left)),
      " left. ",
      expiring.paid + expiring.free
        ? `${formatNumber(expiring.paid)} paid and ${formatNumber(expiring.free)} free ones expire within 30 days.`
        : "None expire within 30 days.",
    ),
    barChart({
      title: "Credits left by the age of their lot, in days",
      days: [...labels.keys()],
      series: [
        { name: "Paid", values: rows.map((/** @type {any} */ row) => row.paid) },
        { name: "Free", values: rows.map((/** @type {any} */ row) => row.free) },
      ],
      format: (value) => formatNumber(value),
      label: (key) => labels.get(key) ?? key,
      kind: "ages",
      table: table({
        caption: "Credits left by the age of their lot",
        columns: ["Days", { label: "Paid", numeric: true }, { label: "Free", numeric: true }, { label: "Together", numeric: true }],
        rows: rows.map((/** @type {any} */ row) => [span(row), formatNumber(row.paid), formatNumber(row.free), formatNumber(row.paid + row.free)]),
      }),
    }),
    h(
      "p",
      { class: "desk-hint" },
      "A lot's age is counted from the day its credits came. Paid: money was paid for the lot. Held credits are left; debts are not taken off.",
    ),
  ];
}
