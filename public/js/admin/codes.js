import { time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatNumber } from "../lib/texts.js";
import { readCodes } from "./api.js";
import { codeForm } from "./code-form.js";
import { loadInto, nothing, section, table } from "./parts.js";
import { count } from "./words.js";

/** @typedef {{ id: string, name: string, credits: number, codes: number, redeemed: number, codes_work_once: boolean,
 *   new_customers_only: boolean, valid_days: number | null, starts_at: string | null, ends_at: string | null,
 *   created_at: string }} Campaign */

/**
 * Codes that give credits: a form that makes them, for admins, and the campaigns so far.
 * @param {{ role: string }} desk
 */
export function codesPage(desk) {
  const list = h("div", { class: "desk-page" });
  const load = () =>
    loadInto(list, readCodes, (/** @type {{ campaigns: Campaign[] }} */ { campaigns }) => [
      section("Campaigns", campaigns.length ? table(asTable(campaigns)) : nothing("No codes were made yet.")),
    ]);
  const element = h("div", { class: "desk-page" }, desk.role === "admin" && section("Make codes", codeForm(load)), list);
  load();
  return { title: "Codes", element };
}

/** @param {Campaign[]} campaigns */
function asTable(campaigns) {
  return {
    caption: "Campaigns, newest first",
    columns: [
      "Campaign",
      { label: "Credits", numeric: true },
      { label: "Codes", numeric: true },
      { label: "Redeemed", numeric: true },
      "A code works",
      "For",
      "From",
      "Until",
      "Credits expire",
      "Made",
    ],
    rows: campaigns.map((each) => [
      h("div", { class: "desk-line" }, h("p", {}, each.name), h("p", {}, each.id)),
      formatNumber(each.credits),
      formatNumber(each.codes),
      formatNumber(each.redeemed),
      each.codes_work_once ? "once in all" : "once a person",
      each.new_customers_only ? "new customers" : "everybody",
      each.starts_at ? time(each.starts_at) : "at once",
      each.ends_at ? time(each.ends_at) : "no end",
      each.valid_days ? `after ${count(each.valid_days, "day")}` : "never",
      time(each.created_at),
    ]),
  };
}
