import { calendarDay, time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatNumber } from "../lib/texts.js";
import { readUse } from "./api.js";
import { barChart, daysBetween } from "./bar-chart.js";
import { loadInto, nothing, personLink, section, table } from "./parts.js";
import { countedUse } from "./use-counted.js";
import { count, credits } from "./words.js";

/** The chart has as many colours. The last one is for all other features. */
const MOST_SERIES = 6;

/** What features were used, by day and person; what free credits cost, and how old the credits left are. */
export function usePage() {
  const place = h("div", { class: "desk-page" });
  loadInto(place, readUse, render);
  return { title: "Use", element: place };
}

/** @param {any} use */
function render(use) {
  return [...features(use), countedUse(use.counted)];
}

/** @param {any} use */
function features(use) {
  if (!use.features.length) return [section("Use", nothing("No feature was used in the last 30 days."))];
  return [
    use.cut_at &&
      h(
        "p",
        { class: "desk-said" },
        `Only the newest ${count(use.rows, "ledger row")} are counted. They reach back to `,
        time(use.cut_at),
        ".",
      ),
    section("By day", chart(use)),
    section("By feature", byFeature(use.features)),
    section("Top users", people(use.people)),
    h("p", { class: "desk-hint" }, "The last 30 days, in UTC. Undone spends do not count."),
  ];
}

/** @param {any} use */
function chart({ from, to, daily, features: all }) {
  const days = daysBetween(from, to);
  const shown = all.length > MOST_SERIES ? all.slice(0, MOST_SERIES - 1) : all;
  const rest = new Set(all.slice(shown.length).map((/** @type {any} */ each) => each.feature));
  /** @param {(row: any) => boolean} belongs */
  const values = (belongs) => {
    const of = new Map();
    for (const row of daily.filter(belongs)) of.set(row.day, (of.get(row.day) ?? 0) + row.credits);
    return days.map((day) => of.get(day) ?? 0);
  };
  const series = shown.map((/** @type {any} */ { feature, name }) => ({
    name,
    values: values((row) => row.feature === feature),
  }));
  if (rest.size) series.push({ name: "Others", values: values((row) => rest.has(row.feature)) });
  const names = new Map(all.map((/** @type {any} */ each) => [each.feature, each.name]));
  return barChart({
    title: "Credits used by day",
    days,
    series,
    format: (value) => formatNumber(value),
    table: table({
      caption: "Credits used by day and feature",
      columns: ["Day", "Feature", { label: "Uses", numeric: true }, { label: "Credits", numeric: true }],
      rows: daily.map((/** @type {any} */ row) => [
        calendarDay(row.day),
        names.get(row.feature) ?? row.feature,
        formatNumber(row.uses),
        formatNumber(row.credits),
      ]),
    }),
  });
}

/** @param {any[]} rows */
function byFeature(rows) {
  return table({
    caption: "Features, by credits",
    columns: ["Feature", { label: "Uses", numeric: true }, { label: "Credits", numeric: true }],
    rows: rows.map((row) => [row.name, formatNumber(row.uses), formatNumber(row.credits)]),
  });
}

/** @param {any[]} rows */
function people(rows) {
  return table({
    caption: "The ten people who used most",
    columns: ["Person", { label: "Uses", numeric: true }, { label: "Used", numeric: true }],
    rows: rows.map((row) => [personLink(row.user_id, row.email), formatNumber(row.uses), credits(row.credits)]),
  });
}
