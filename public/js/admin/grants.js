import { h } from "../lib/dom.js";
import { readBatch, readBatches } from "./api.js";
import { grantForm } from "./grant-form.js";
import { carryOut } from "./grant-run.js";
import { batches, batchFacts, outcomes } from "./grant-tables.js";
import { loadInto, nothing, section } from "./parts.js";
import { count, credits } from "./words.js";

/** @typedef {{ batch_id: string, campaign: string, reason: string, began_by: string, began_at: string, lines: number,
 *   credits: number, granted: number, credits_granted: number, refused: number, left: number,
 *   ended_at: string | null }} Batch */

/**
 * Grants to many people from a file: a form with a dry run, and the batches so far. With an id, one batch.
 * @param {string} batchId
 * @param {{ role: string, say(text: string): void }} desk
 */
export function grantsPage(batchId, desk) {
  const element = h("div", { class: "desk-page" });
  if (batchId) showBatch(element, batchId, desk);
  else showAll(element, desk);
  return { title: "Grants", element };
}

/** @param {HTMLElement} place @param {{ role: string, say(text: string): void }} desk */
function showAll(place, desk) {
  const form = h("div", { class: "desk-page" });
  const list = h("div", { class: "desk-page" });
  place.replaceChildren(form, list);
  const load = () =>
    loadInto(list, readBatches, ({ batches: rows, limits }) => {
      if (desk.role === "admin" && !form.hasChildNodes()) form.replaceChildren(section("Grant credits from a file", grantForm(limits, ended)));
      return [section("Batches", rows.length ? batches(rows) : nothing("Nothing was granted from a file yet."))];
    });
  /** @param {Batch} batch */
  const ended = async (batch) => {
    form.replaceChildren();
    await load();
    desk.say(inWords(batch));
  };
  load();
}

/** @param {HTMLElement} place @param {string} id @param {{ role: string, say(text: string): void }} desk */
function showBatch(place, id, desk) {
  const load = () => loadInto(place, () => readBatch(id), render);
  /** @param {{ batch: Batch, lines: any[] }} found */
  const render = ({ batch, lines }) => [
    section(
      batch.campaign,
      batchFacts(batch),
      batch.left > 0 &&
        desk.role === "admin" &&
        carryOut({
          request: { batch_id: id },
          lines: batch.lines,
          label: `Go on: ${count(batch.left, "line")} left`,
          onEnd: async (done) => {
            await load();
            desk.say(inWords(done));
          },
        }),
    ),
    section("Lines", outcomes(lines)),
    h("p", {}, h("a", { href: "#grants" }, "All batches")),
  ];
  load();
}

/** What became of a batch. @param {Batch} batch */
function inWords({ granted, credits_granted: given, refused }) {
  const said = `${credits(given)} granted to ${count(granted, "person", "people")}.`;
  return refused ? `${said} ${count(refused, "line")} refused: open the batch to see why.` : said;
}
