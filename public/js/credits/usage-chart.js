import { calendarDay } from "../lib/dates.js";
import { h, svg } from "../lib/dom.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./wallet.js").Usage} Usage */

const HEIGHT = 48;
const STEP = 10;
const BAR = 7;
/** So that a day without use is still seen to be a day. */
const LEAST_HEIGHT = 1.5;

/** How much was used day by day, and how long the rest will last at that pace. @param {Usage} usage */
export function usageChart({ daily: balances, spent_per_day: perDay, days_left: daysLeft }) {
  // Where more was given back than used, there was no use to speak of.
  const daily = balances.map(({ date, spent }) => ({ date, spent: Math.max(spent, 0) }));
  const most = Math.max(...daily.map(({ spent }) => spent));
  return h(
    "figure",
    { class: "usage" },
    h("figcaption", {}, `${pace(perDay)} ${outlook(daysLeft)}`),
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

/** @param {Usage["daily"]} daily @param {number} most */
function drawing(daily, most) {
  const bars = daily.map(({ date, spent }, index) => {
    const height = Math.max((spent / most) * HEIGHT, LEAST_HEIGHT);
    const bar = svg("rect", { x: index * STEP, y: HEIGHT - height, width: BAR, height, rx: 1.5 });
    bar.classList.toggle("usage__nothing", spent === 0);
    const title = svg("title", {});
    title.textContent = t("usage.day", { day: calendarDay(date), credits: t("credits", { n: spent }) });
    bar.append(title);
    return bar;
  });
  const width = (daily.length - 1) * STEP + BAR;
  const about = { role: "img", "aria-label": inWords(daily), preserveAspectRatio: "none" };
  return svg("svg", { class: "usage__bars", viewBox: `0 0 ${width} ${HEIGHT}`, ...about }, ...bars);
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
