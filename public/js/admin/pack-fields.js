// What a pack costs, as a form asks for it and the server takes it.
import { formatMoney } from "../money.js";
import { fieldOf } from "./questions.js";

/** @typedef {import("./questions.js").Question} Question */
/** @typedef {{ decimals: number, step: number, minimum: number }} Currency */
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

/** A price as people write it, in whole minor units; NaN if it is none. @param {string} text @param {number} decimals */
function inMinorUnits(text, decimals) {
  const written = text.trim().replace(",", ".");
  const [, fraction = ""] = written.split(".");
  if (!/^\d{1,9}(\.\d*)?$/.test(written) || fraction.length > decimals) return NaN;
  return Math.round(Number(written) * 10 ** decimals);
}

/**
 * Whether Stripe charges the price; says at the field if not.
 * @param {PriceQuestions} asked
 * @param {Record<string, Currency>} currencies
 */
export function isSellable(asked, currencies) {
  const { currency, unit_amount: amount } = priceOf(asked, currencies);
  const rules = currencies[currency];
  if (!rules) return refuse(asked.currency, "Stripe does not charge in this currency.");
  const show = (/** @type {number} */ minor) => formatMoney(minor, currency, rules.decimals);
  if (!Number.isInteger(amount)) return refuse(asked.price, `Write a price with at most ${rules.decimals} decimals.`);
  if (amount < rules.minimum) return refuse(asked.price, `Stripe charges at least ${show(rules.minimum)}.`);
  if (amount % rules.step) return refuse(asked.price, `The price must be a multiple of ${show(rules.step)}.`);
  return true;
}

/** @param {Question} at @param {string} text */
function refuse(at, text) {
  at.complain(text);
  at.input.focus();
  return false;
}
