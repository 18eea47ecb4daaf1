import { calendarDay } from "../lib/dates.js";
import { h, svg } from "../lib/dom.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./wallet.js").Usage} Usage */

const HEIGHT = 48;
const STEP = 10;
const BAR = 7;
/** So that a day without use is still seen to be a day. */
const LEAST_HEIGHT = 1.5;

/** A few days say little about the days to come. */
const LEAST_DAYS_OF_USE = 3;
const DAYS = 30;

/**
 * How much was used day by day and, after a few days of use, how long the rest will last at that pace.
 * @param {Usage} usage
 * @param {{ forecast: boolean }} options forecast: whether something is left that could last
 */
export function usageChart({ daily: days, spent_per_day: perDay, days_left: daysLeft }, { forecast }) {
  // Where more was given back than used, there was no use to speak of.
  const daily = days.map(({ date, spent }) => ({ date, spent: Math.max(spent, 0) }));
  const most = Math.max(...daily.map(({ spent }) => spent));
  if (most === 0) return noChart(t("usage.none"));
  return h(
    "figure",
    { class: "usage" },
    h("figcaption", { class: "usage__caption" }, caption(daily, perDay, forecast ? daysLeft : null)),
    drawing(daily, most),
    h(
      "p",
      { class: "usage__axis", "aria-hidden": "true" },
      h("span", {}, calendarDay(daily[0].date)),
      h("span", {}, t("usage.most", { n: most })),
      h("span", {}, t("usage.today")),
    ),
  );
}

/** The room of a chart, for what is not known or not there. */
export function noChart(text = "") {
  const bars = Array.from({ length: DAYS }, (_, index) => bar(index, LEAST_HEIGHT, "usage__nothing"));
  return h(
    "div",
    { class: "usage" },
    h("p", { class: "usage__caption" }, text),
    plot(bars, { "aria-hidden": "true" }),
    h("p", { class: "usage__axis" }),
  );
}

/** @param {Usage["daily"]} daily @param {number} perDay @param {number | null} daysLeft */
function caption(daily, perDay, daysLeft) {
  const used = daily.filter(({ spent }) => spent > 0);
  if (used.length >= LEAST_DAYS_OF_USE) return `${pace(perDay)} ${outlook(daysLeft)}`;
  const sum = used.reduce((total, { spent }) => total + spent, 0);
  return t("usage.sum", { credits: t("credits", { n: sum }) });
}

/** @param {Usage["daily"]} daily @param {number} most */
function drawing(daily, most) {
  const bars = daily.map(({ date, spent }, index) => {
    const height = Math.max((spent / most) * HEIGHT, LEAST_HEIGHT);
    const shape = bar(index, height, spent === 0 ? "usage__nothing" : "usage__day");
    const title = svg("title", {});
    title.textContent = t("usage.day", { day: calendarDay(date), credits: t("credits", { n: spent }) });
    shape.append(title);
    return shape;
  });
  return plot(bars, { role: "img", "aria-label": inWords(daily) });
}

/** @param {number} index @param {number} height @param {string} name of its class */
const bar = (index, height, name) =>
  svg("rect", { class: name, x: index * STEP, y: HEIGHT - height, width: BAR, height, rx: 1.5 });

/** @param {Element[]} bars @param {Record<string, string>} about */
function plot(bars, about) {
  const width = (bars.length - 1) * STEP + BAR;
  const viewBox = `0 0 ${width} ${HEIGHT}`;
  return svg("svg", { class: "usage__bars", viewBox, preserveAspectRatio: "none", ...about }, ...bars);
}

/** What the bars show, for those who listen. @param {Usage["daily"]} daily */
function inWords(daily) {
  const sum = daily.reduce((total, { spent }) => total + spent, 0);
  const days = daily.filter(({ spent }) => spent > 0).length;
  const top = daily.reduce((best, day) => (day.spent > best.spent ? day : best));
  return t("usage.all", {
    credits: t("credits", { n: sum }),
    days: t("usage.days", { n: daily.length }),
    used: t("usage.used", { n: days }),
    day: calendarDay(top.date),
    n: top.spent,
  });
}

/** @param {number} perDay */
function pace(perDay) {
  return perDay < 1 ? t("usage.pace.none") : t("usage.pace", { n: Math.round(perDay) });
}

/** @param {number | null} daysLeft */
function outlook(daysLeft) {
  if (daysLeft === null) return "";
  if (daysLeft < 1) return t("usage.outlook.today");
  if (daysLeft > 365) return t("usage.outlook.long");
  return t("usage.outlook", { n: daysLeft });
}
