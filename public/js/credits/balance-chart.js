import { calendarDay } from "../lib/dates.js";
import { h, svg } from "../lib/dom.js";
import { formatNumber, t } from "../lib/texts.js";

/** @typedef {import("./wallet.js").DayBalance} DayBalance */

const WIDTH = 600;
const HEIGHT = 96;
/** Room for the width of the line. */
const MARGIN = 3;

/**
 * The days from the first one with a balance on; none where a single day would be all.
 * @param {DayBalance[]} balances oldest first
 */
export function charted(balances) {
  const first = balances.findIndex(({ balance }) => balance !== 0);
  const days = first === -1 ? [] : balances.slice(first);
  return days.length < 2 ? [] : days;
}

/** The balance at the end of each day, as a drawing and as a table. @param {DayBalance[]} days two at least */
export function balanceChart(days) {
  const table = h("div", { class: "chart__table visually-hidden" }, tableOf(days));
  const toggle = h("button", { class: "link", type: "button", "aria-expanded": "false" }, t("chart.table"));
  toggle.addEventListener("click", () => {
    const isShown = !table.classList.toggle("visually-hidden");
    toggle.setAttribute("aria-expanded", String(isShown));
    toggle.textContent = t(isShown ? "chart.no_table" : "chart.table");
  });
  return h(
    "figure",
    { class: "chart", part: "chart" },
    h(
      "figcaption",
      { class: "chart__head" },
      h("span", {}, t("chart.title", extremes(days))),
      toggle,
    ),
    drawing(days),
    h(
      "p",
      { class: "chart__axis", "aria-hidden": "true" },
      h("span", {}, calendarDay(days[0].date)),
      h("span", {}, t("day.today")),
    ),
    table,
  );
}

/** @param {DayBalance[]} days */
function drawing(days) {
  const values = days.map(({ balance }) => balance);
  const [least, most] = [Math.min(0, ...values), Math.max(0, ...values)];
  const y = (/** @type {number} */ balance) =>
    round(MARGIN + ((most - balance) / (most - least || 1)) * (HEIGHT - 2 * MARGIN));
  const x = (/** @type {number} */ index) => round((index / days.length) * WIDTH);
  // A balance lasts from its day to the next one: a line of steps, not of slopes.
  const steps = values.map((balance, index) => `V${y(balance)}H${x(index + 1)}`).join("");
  const line = `M0 ${y(values[0])}${steps}`;
  return svg(
    "svg",
    {
      class: "chart__drawing",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": t("chart.about", {
        n: days.length,
        ...extremes(days),
        now: values.at(-1) ?? 0,
      }),
    },
    svg("path", { class: "chart__area", d: `${line}V${y(0)}H0Z` }),
    svg("path", { class: "chart__zero", d: `M0 ${y(0)}H${WIDTH}` }),
    svg("path", { class: "chart__line", d: line }),
  );
}

/** @param {DayBalance[]} days */
function extremes(days) {
  const values = days.map(({ balance }) => balance);
  return { most: Math.max(...values), least: Math.min(...values) };
}

/** The days on which the balance became another, newest first. @param {DayBalance[]} days */
function tableOf(days) {
  const changes = days.filter(({ balance }, index) => balance !== days[index - 1]?.balance).reverse();
  const row = (/** @type {DayBalance} */ { date, balance }) =>
    h("tr", {}, h("th", { scope: "row" }, calendarDay(date)), h("td", {}, formatNumber(balance)));
  return h(
    "table",
    { "aria-label": t("chart.table.about") },
    h(
      "thead",
      {},
      h("tr", {}, h("th", { scope: "col" }, t("chart.day")), h("th", { scope: "col" }, t("chart.balance"))),
    ),
    h("tbody", {}, ...changes.map(row)),
  );
}

/** @param {number} number */
const round = (number) => Math.round(number * 10) / 10;
