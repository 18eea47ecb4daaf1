import { whileBusy } from "../lib/busy-button.js";
import { untilClosed } from "../lib/dialog.js";
import { h, uniqueId } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { packCard } from "../store/pack-card.js";
import { setPrice } from "./api.js";
import { priceOf, priceQuestions } from "./pack-fields.js";
import { asWritten, isSellable } from "./price-amounts.js";
import { areComplete, fieldOf, question, reasonOf } from "./questions.js";
import { explain } from "./words.js";

/** @typedef {import("./questions.js").Question} Question */
/** @typedef {import("./price-amounts.js").Currency} Currency */

/**
 * Changes or adds a pack or a feature. A pack is shown as the store will show it while it is written. Resolves what
 * was saved, or null.
 * @param {"set_pack" | "set_feature"} action
 * @param {{ packs: any[], features: any[], currencies: Record<string, Currency> }} prices
 * @param {any | null} row null for a new one
 * @returns {Promise<{ before: any, after: any } | null>}
 */
export async function changePrice(action, prices, row) {
  const isPack = action === "set_pack";
  const titleId = uniqueId("price");
  const dialog = h("dialog", { class: "ask desk-ask", "aria-labelledby": titleId });
  const problem = h("p", { class: "auth__problem", role: "alert" });
  const asked = questions(isPack, prices, row);
  const reason = reasonOf("Kept for good. Only staff see it.");
  const card = h("div", { class: "desk-card-preview" });
  const cancel = h("button", { class: "button button--quiet", type: "button", onclick: () => dialog.close() }, "Cancel");
  const submit = h("button", { class: "button", type: "submit" }, "Save");
  /** One key for one text of the form: a second try after a silence saves once. */
  let key = crypto.randomUUID();
  /** @type {any} */
  let saved = null;

  const preview = () => {
    key = crypto.randomUUID();
    if (!isPack) return;
    const pack = values(asked, prices);
    const isKnown = pack.name && pack.credits > 0 && pack.unit_amount > 0 && pack.decimals !== undefined;
    const others = prices.packs.filter((each) => each.active && each.id !== row?.id);
    const shown = { id: "preview", ...pack };
    card.replaceChildren(
      h("h3", {}, "The card in the store"),
      isKnown
        ? h("ul", { class: "packs", role: "list", inert: true }, packCard(shown, [...others, shown], () => {}, { features: onSale(prices.features) }))
        : h("p", { class: "desk-nothing" }, "Fill in a name, credits and a price."),
    );
  };
  const form = h(
    "form",
    { novalidate: true },
    h("h2", { id: titleId }, row ? `Change ${row.name}` : isPack ? "Add a pack" : "Add a feature"),
    problem,
    h("div", { class: "desk-questions" }, ...Object.values(asked).map(({ element }) => element), reason.element),
    isPack && card,
    h("p", { class: "actions" }, cancel, submit),
  );
  form.addEventListener("input", preview);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    if (!areComplete([...Object.values(asked), reason])) return;
    if (isPack && !isSellable(ofPrice(asked), prices.currencies)) return;
    await whileBusy(submit, "Saving…", async () => {
      const { decimals, ...changed } = values(asked, prices);
      const { decimals: _, ...shown } = row ?? {};
      const request = { action, id: row?.id ?? asked.id.input.value.trim(), values: changed, shown: row && shown };
      try {
        saved = await setPrice({ ...request, reason: reason.input.value.trim() }, key);
        dialog.close();
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        problem.textContent = explain(error);
      }
    });
  });
  preview();
  dialog.append(form);
  await untilClosed(dialog);
  return saved;
}

/** @param {boolean} isPack @param {any} prices @param {any | null} row @returns {Record<string, Question>} */
function questions(isPack, prices, row) {
  /** @type {Record<string, Question>} */
  const asked = {};
  if (!row) asked.id = fieldOf({ name: "id", label: "Id", type: "text", hint: "Lower-case letters, digits and _. It cannot be changed later." });
  asked.name = fieldOf({ name: "name", label: "Name", type: "text" });
  asked.credits = fieldOf({ name: "credits", label: isPack ? "Credits" : "Credits for one use", type: "number", min: 1, max: 1_000_000_000 });
  if (isPack) Object.assign(asked, priceQuestions());
  asked.sort_order = fieldOf({ name: "sort_order", label: "Place in the list", type: "number", min: -1_000_000, max: 1_000_000 });
  const active = h("input", { type: "checkbox", name: "active", checked: row?.active ?? true });
  asked.active = question({ name: "active", label: "On sale", input: active, isOptional: true });
  fill(asked, row ?? { currency: "usd", sort_order: 1 + Math.max(0, ...(isPack ? prices.packs : prices.features).map((each) => each.sort_order)) });
  if (asked.id) asked.id.input.pattern = "[a-z][a-z0-9_]{0,62}";
  asked.name.input.maxLength = 80;
  return asked;
}

/** @param {Record<string, Question>} asked @param {any} row */
function fill(asked, row) {
  for (const name of ["name", "credits", "currency", "valid_days", "sort_order"])
    if (asked[name]) asked[name].input.value = String(row[name] ?? "");
  if (asked.price && row.unit_amount !== undefined)
    asked.price.input.value = asWritten(row.unit_amount, row.decimals);
}

/**
 * What the form says, as the server takes it; and the decimals of the currency.
 * @param {Record<string, Question>} asked
 * @param {any} prices
 * @returns {any}
 */
function values(asked, { currencies }) {
  const number = (/** @type {string} */ name) => Number(asked[name].input.value);
  const common = {
    name: asked.name.input.value.trim(),
    credits: number("credits"),
    active: asked.active.input.checked,
    sort_order: number("sort_order"),
  };
  return asked.price ? { ...common, ...priceOf(ofPrice(asked), currencies) } : common;
}

/** What the store shows. @param {any[]} rows */
const onSale = (rows) => rows.filter(({ active }) => active);

/** Those of a pack's questions that are about its price. @param {Record<string, Question>} asked */
const ofPrice = ({ currency, price, valid_days }) => ({ currency, price, valid_days });
