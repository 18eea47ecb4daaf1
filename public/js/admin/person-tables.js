// The tables of a person's page.
import { day, time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatChange } from "../lib/money.js";
import { formatNumber } from "../lib/texts.js";
import { nothing, table } from "./parts.js";
import { credits, DONE, KINDS } from "./words.js";

/** @param {any[]} rows @param {(row: any) => HTMLElement | null} undo */
export function historyTable(rows, undo) {
  return table({
    caption: "History, newest first",
    columns: ["When", "What", "About", { label: "Credits", numeric: true }, { label: "Balance", numeric: true }, "Row", ""],
    rows: rows.map((row) => [
      time(row.created_at),
      KINDS[row.kind] ?? row.kind,
      [row.description, row.reason !== row.description && row.reason].filter(Boolean).join(" · "),
      formatChange(row.amount),
      formatNumber(row.balance_after),
      row.id,
      undo(row),
    ]),
  });
}

/** @param {any[]} rows */
export function lots(rows) {
  if (!rows.length) return nothing("No lots.");
  return table({
    caption: "Lots, those with credits first",
    columns: ["Lot", "From", { label: "Left", numeric: true }, { label: "Of", numeric: true }, { label: "Held", numeric: true }, { label: "Expired", numeric: true }, "Expires"],
    rows: rows.map((row) => [
      row.name,
      row.source,
      formatNumber(row.remaining),
      formatNumber(row.granted),
      formatNumber(row.held),
      formatNumber(row.lapsed),
      row.expires_at ? day(row.expires_at) : "never",
    ]),
  });
}

/** @param {any[]} rows @param {((name: string, about?: Record<string, unknown>, what?: string) => HTMLElement) | null} button */
export function holds(rows, button) {
  if (!rows.length) return nothing("No credits are set aside.");
  return table({
    caption: "Open holds, newest first",
    columns: ["Since", "Feature", { label: "Credits", numeric: true }, "Until", ""],
    rows: rows.map((row) => [
      time(row.created_at),
      row.feature,
      formatNumber(row.credits),
      time(row.expires_at),
      button && row.status === "held" && row.feature !== "purse:refund" ? button("release", { hold_id: row.id }, `${row.feature}, ${credits(row.credits)}`) : row.status,
    ]),
  });
}

/** @param {any[]} rows */
export function files(rows) {
  return table({
    caption: "Files, newest first",
    columns: ["When", "File", "State", { label: "Credits", numeric: true }, "Why it failed"],
    rows: rows.map((row) => [time(row.created_at), row.filename, row.status, formatNumber(row.credits), row.error?.message ?? null]),
  });
}

/** @param {any[]} list */
export function notes(list) {
  if (!list.length) return nothing("No notes.");
  return h(
    "ul",
    { class: "desk-notes", role: "list" },
    ...list.map(({ author, text, created_at: at }) =>
      h("li", {}, h("p", { class: "desk-note" }, text), h("p", { class: "desk-hint" }, `${author} · `, time(at))),
    ),
  );
}

/** @param {any[]} list */
export function actions(list) {
  if (!list.length) return nothing("Nothing yet.");
  return table({
    caption: "What staff did, newest first",
    columns: ["When", "Who", "What", { label: "Credits", numeric: true }, "Reason"],
    rows: list.map((row) => [
      time(row.created_at),
      `${row.actor} (${row.actor_role})`,
      DONE[row.action] ?? row.action,
      row.ledger.length ? formatChange(row.ledger.reduce((/** @type {number} */ sum, /** @type {any} */ each) => sum + each.amount, 0)) : null,
      row.action === "note" ? null : row.reason,
    ]),
  });
}
