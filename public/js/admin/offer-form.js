import { h } from "../lib/dom.js";
import { offerCard } from "../store/offer-card.js";
import { readPrices } from "./api.js";
import { priceOf, priceQuestions } from "./pack-fields.js";
import { isSellable } from "./price-amounts.js";
import { fieldOf, question } from "./questions.js";

const MOST_NAME = 80;
const MOST_NOTE = 500;
const USUAL_DAYS = 14;
const MOST_DAYS = 3650;

/**
 * Asks for an offer, and shows its card as the buyer will see it.
 * @returns {Promise<import("./action-dialog.js").Form>}
 */
export async function offerForm() {
  const { packs, features: allFeatures, currencies } = await readPrices();
  const isActive = (/** @type {any} */ { active }) => active;
  const onSale = packs.filter(isActive);
  const features = allFeatures.filter(isActive);
  const price = priceQuestions();
  const name = fieldOf({ name: "name", label: "Name", type: "text", hint: "On the card and the receipt. Kept with the order." });
  const credits = fieldOf({ name: "credits", label: "Credits", type: "number", min: 1, max: 1_000_000_000 });
  const lastDay = fieldOf({ name: "ends_at", label: "Last day to buy it", type: "date", hint: "By your clock, until the end of the day." });
  const textarea = h("textarea", { name: "note", rows: 2, maxlength: MOST_NOTE });
  const note = question({ name: "note", label: "Note on the card (optional)", input: textarea, hint: "The buyer reads it.", isOptional: true });
  const card = h("div", { class: "desk-card-preview" });

  name.input.maxLength = MOST_NAME;
  price.currency.input.value = onSale[0]?.currency ?? "usd";
  lastDay.input.min = dayFromNow(0);
  lastDay.input.max = dayFromNow(MOST_DAYS - 1);
  lastDay.input.value = dayFromNow(USUAL_DAYS);

  const offer = () => ({
    name: name.input.value.trim(),
    credits: Number(credits.input.value),
    ...priceOf(price, currencies),
    note: note.input.value.trim() || null,
    ends_at: endOf(lastDay.input.value),
  });
  const show = () => {
    const { decimals, ends_at: endsAt, ...written } = offer();
    const isKnown = written.name && written.credits > 0 && written.unit_amount > 0 && decimals !== undefined && endsAt;
    card.replaceChildren(
      h("h3", {}, "The card in their store"),
      isKnown
        ? h("ul", { class: "packs", role: "list", inert: true }, offerCard({ id: "preview", ...written, decimals, ends_at: endsAt }, onSale, () => {}, { features }))
        : h("p", { class: "desk-nothing" }, "Fill in a name, credits, a price and a day."),
    );
  };
  const inputs = [name, credits, price.currency, price.price, price.valid_days, lastDay, note];
  for (const { input } of inputs) input.addEventListener("input", show);
  show();
  return {
    inputs,
    view: card,
    isRight: () => isSellable(price, currencies),
    answers() {
      const { decimals: _, ...answered } = offer();
      return answered;
    },
  };
}

/** A day of the calendar here, as a date field has it. @param {number} days from today */
function dayFromNow(days) {
  const date = new Date();
  date.setDate(date.getDate() + days);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The last second of a day here, in UTC; null for a day that is none. @param {string} day "2026-12-31" */
function endOf(day) {
  const moment = new Date(`${day}T23:59:59`);
  return Number.isNaN(moment.valueOf()) ? null : moment.toISOString();
}
