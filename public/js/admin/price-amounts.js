import { formatMoney } from "../lib/money.js";

/** @typedef {{ decimals: number, step: number, minimum: number }} Currency */

/** A price as people write it, in whole minor units; NaN if it is none. @param {string} text @param {number} decimals */
export function inMinorUnits(text, decimals) {
  const written = text.trim().replace(",", ".");
  const [, fraction = ""] = written.split(".");
  if (!/^\d{1,9}(\.\d*)?$/.test(written) || fraction.length > decimals) return NaN;
  return Math.round(Number(written) * 10 ** decimals);
}

/** The other way round. @param {number} amount @param {number} decimals */
export const asWritten = (amount, decimals) => (amount / 10 ** decimals).toFixed(decimals);

/**
 * Whether Stripe charges a price; says at its field if not.
 * @param {{ currency: import("./questions.js").Question, price: import("./questions.js").Question }} asked
 * @param {Record<string, Currency>} currencies
 */
export function isSellable(asked, currencies) {
  const currency = asked.currency.input.value.trim().toLowerCase();
  const rules = currencies[currency];
  if (!rules) return refuse(asked.currency, "Stripe does not charge in this currency.");
  const amount = inMinorUnits(asked.price.input.value, rules.decimals);
  const show = (/** @type {number} */ minor) => formatMoney(minor, currency, rules.decimals);
  if (!Number.isInteger(amount)) return refuse(asked.price, `Write a price with at most ${rules.decimals} decimals.`);
  if (amount < rules.minimum) return refuse(asked.price, `Stripe charges at least ${show(rules.minimum)}.`);
  if (amount % rules.step) return refuse(asked.price, `The price must be a multiple of ${show(rules.step)}.`);
  return true;
}

/** @param {import("./questions.js").Question} at @param {string} text */
export function refuse(at, text) {
  at.complain(text);
  at.input.focus();
  return false;
}
