import { calendarDay } from "../lib/dates.js";
import { h, svg } from "../lib/dom.js";

const WIDTH = 720;
const HEIGHT = 180;
/** Room for the numbers of the scale. */
const LEFT = 64;
const GAP = 0.25;

/** With so many bars or less, each has its label below it. */
const FEW = 6;

/**
 * @typedef {{ name: string, values: number[] }} Series  a value for each bar; below zero it hangs from the line
 */

/**
 * Bars, one for each day, stacked by series, with a scale and a legend. What it shows is read out in a sentence; the
 * numbers are in the table that belongs to it. Bars may stand for something else: label then says what each stands for, and
 * kind what they are.
 * @param {{ title: string, days: string[], series: Series[], format: (value: number) => string, table: HTMLElement,
 *   label?: (day: string) => string, kind?: string }} about
 */
export function barChart({ title, days, series, format, table, label = calendarDay, kind = "days" }) {
  const ups = days.map((_, at) => sum(series.map(({ values }) => Math.max(values[at] ?? 0, 0))));
  const downs = days.map((_, at) => sum(series.map(({ values }) => Math.min(values[at] ?? 0, 0))));
  const [top, bottom] = [nice(Math.max(...ups)), -nice(-Math.min(...downs))];
  const y = (/** @type {number} */ value) => ((top - value) / (top - bottom || 1)) * HEIGHT;
  const step = (WIDTH - LEFT) / days.length;
  const bars = days.flatMap((day, at) => dayBars({ label: label(day), at, series, y, step, format }));
  const drawing = svg(
    "svg",
    { class: "chart__drawing", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": inWords({ title, labels: days.map(label), kind, ups, downs, format }) },
    ...[...new Set([top, 0, bottom])].map((value) => line(y(value), format(value))),
    ...bars,
  );
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", {}, title),
    legend(series),
    drawing,
    h(
      "p",
      { class: days.length > FEW ? "chart__axis" : "chart__axis chart__axis--each", "aria-hidden": "true" },
      ...(days.length > FEW ? [days[0], days[days.length - 1]] : days).map((day) => h("span", {}, label(day))),
    ),
    h("details", {}, h("summary", {}, "The numbers"), table),
  );
}

/** @param {{ label: string, at: number, series: Series[], y: (value: number) => number, step: number,
 *   format: (value: number) => string }} of */
function dayBars({ label, at, series, y, step, format }) {
  let [above, below] = [0, 0];
  return series.flatMap(({ name, values }, index) => {
    const value = values[at] ?? 0;
    if (!value) return [];
    const from = value > 0 ? above : below;
    if (value > 0) above += value;
    else below += value;
    const [start, end] = [y(from), y(from + value)];
    const bar = svg("rect", {
      class: `chart__bar chart__bar--${index}`,
      x: LEFT + at * step + (step * GAP) / 2,
      y: Math.min(start, end),
      width: step * (1 - GAP),
      height: Math.max(Math.abs(end - start), 1),
    });
    const about = svg("title", {});
    about.textContent = `${label}, ${name}: ${format(value)}`;
    bar.append(about);
    return [bar];
  });
}

/** A line of the scale. @param {number} at @param {string} label */
function line(at, label) {
  const text = svg("text", { class: "chart__scale", x: LEFT - 8, y: Math.min(Math.max(at + 4, 11), HEIGHT - 2) });
  text.textContent = label;
  return svg("g", {}, svg("line", { class: "chart__line", x1: LEFT, x2: WIDTH, y1: at, y2: at }), text);
}

/** @param {Series[]} series */
function legend(series) {
  return h(
    "ul",
    { class: "chart__legend", role: "list", "aria-hidden": "true" },
    ...series.map(({ name }, index) => h("li", { class: `chart__key chart__key--${index}` }, name)),
  );
}

/** @param {{ title: string, labels: string[], kind: string, ups: number[], downs: number[], format: (value: number) => string }} of */
function inWords({ title, labels, kind, ups, downs, format }) {
  const most = ups.indexOf(Math.max(...ups));
  const went = sum(downs) ? `, and ${format(-sum(downs))} went back` : "";
  return `${title}, ${labels.length} ${kind}: ${format(sum(ups))} in all${went}. Most on ${labels[most]}: ${format(ups[most])}.`;
}

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The next number of the form 1, 2 or 5 times a power of ten. @param {number} value */
function nice(value) {
  if (!(value > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10);
}

/** All days from one to another. @param {string} from "2026-11-01" @param {string} to */
export function daysBetween(from, to) {
  const days = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 24 * 60 * 60 * 1000)
    days.push(new Date(at).toISOString().slice(0, 10));
  return days;
}
