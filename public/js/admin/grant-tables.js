import { time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatNumber } from "../lib/texts.js";
import { badge, facts, personLink, table } from "./parts.js";
import { count, credits } from "./words.js";

/** @param {number | null} days */
const validity = (days) => (days ? count(days, "day") : "no limit");

/** @param {number | null} n */
const number = (n) => (n === null ? "" : formatNumber(n));

/**
 * A person with what is to be said about their line below, where a phone shows it without scrolling.
 * @param {Node | string} who
 * @param {(Node | string | false | null)[]} about
 */
const cell = (who, ...about) => h("div", { class: "desk-line" }, h("p", {}, who), ...about.map((each) => each && h("p", {}, each)));

/** What each line of a file would do. @param {any[]} lines */
export function previewTable(lines) {
  return table({
    caption: "What each line would do",
    columns: ["Line", "Person", { label: "Credits", numeric: true }, { label: "Balance", numeric: true }, "Valid", "Note"],
    rows: lines.map((each) => [
      each.line,
      cell(
        each.email ?? each.person,
        each.fault && h("span", {}, badge("fault", "bad"), each.fault),
        each.given_before && !each.fault && `Had ${credits(each.given_before)} of this name before.`,
      ),
      number(each.credits),
      each.balance_after === null ? "" : `${formatNumber(each.balance)} → ${formatNumber(each.balance_after)}`,
      each.fault ? "" : validity(each.valid_days),
      each.note ?? "",
    ]),
  });
}

/** What became of each line of a batch. @param {any[]} lines */
export function outcomes(lines) {
  /** @type {Record<string, HTMLElement>} */
  const badges = { granted: badge("granted", "good"), refused: badge("refused", "bad"), left: badge("to do") };
  return table({
    caption: "What became of each line",
    columns: ["Line", "Outcome", "Person", { label: "Credits", numeric: true }, { label: "Balance after", numeric: true }, "Valid"],
    rows: lines.map((each) => [
      each.line,
      badges[each.outcome ?? "left"].cloneNode(true),
      cell(personLink(each.user_id, each.email), each.refusal),
      formatNumber(each.credits),
      number(each.balance_after),
      validity(each.valid_days),
    ]),
  });
}

/** @param {import("./grants.js").Batch} batch */
const state = (batch) => (batch.left ? badge(`${count(batch.left, "line")} left`, "bad") : badge("done", "good"));

/** @param {import("./grants.js").Batch[]} rows */
export function batches(rows) {
  return table({
    caption: "Batches, newest first",
    columns: [
      "Begun",
      "Name",
      "Who",
      { label: "Lines", numeric: true },
      { label: "Granted", numeric: true },
      { label: "Credits", numeric: true },
      { label: "Refused", numeric: true },
      "State",
    ],
    rows: rows.map((row) => [
      time(row.began_at),
      h("a", { href: `#grants=${row.batch_id}` }, row.campaign),
      row.began_by,
      formatNumber(row.lines),
      formatNumber(row.granted),
      formatNumber(row.credits_granted),
      formatNumber(row.refused),
      state(row),
    ]),
  });
}

/** @param {import("./grants.js").Batch} batch */
export function batchFacts(batch) {
  return facts([
    ["State", state(batch)],
    ["Begun", h("span", {}, time(batch.began_at), ` by ${batch.began_by}`)],
    ["Ended", batch.ended_at ? time(batch.ended_at) : "not yet"],
    ["Reason", batch.reason],
    ["Granted", `${credits(batch.credits_granted)} to ${count(batch.granted, "person", "people")}`],
    ["Refused", batch.refused ? count(batch.refused, "line") : "none"],
  ]);
}
