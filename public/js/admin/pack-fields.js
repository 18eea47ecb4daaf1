// What a pack costs, as a form asks for it and the server takes it.
import { inMinorUnits } from "./price-amounts.js";
import { fieldOf } from "./questions.js";

/** @typedef {import("./questions.js").Question} Question */
/** @typedef {import("./price-amounts.js").Currency} Currency */
/** @typedef {{ currency: Question, price: Question, valid_days: Question }} PriceQuestions */

/** @returns {PriceQuestions} */
export function priceQuestions() {
  return {
    currency: fieldOf({ name: "currency", label: "Currency", type: "text", hint: "Three letters, such as usd." }),
    price: fieldOf({ name: "price", label: "Price", type: "text", hint: "Such as 4.99." }),
    valid_days: fieldOf({
      name: "valid_days",
      label: "Days until the credits expire",
      type: "number",
      min: 1,
      max: 3650,
      optional: true,
      hint: "Leave it empty for credits that never expire.",
    }),
  };
}

/**
 * What the form says, and the decimals of the currency; undefined for one that Stripe does not charge in.
 * @param {PriceQuestions} asked
 * @param {Record<string, Currency>} currencies
 */
export function priceOf(asked, currencies) {
  const currency = asked.currency.input.value.trim().toLowerCase();
  const decimals = currencies[currency]?.decimals;
  return {
    currency,
    decimals,
    unit_amount: inMinorUnits(asked.price.input.value, decimals ?? 2),
    valid_days: asked.valid_days.input.value ? Number(asked.valid_days.input.value) : null,
  };
}
