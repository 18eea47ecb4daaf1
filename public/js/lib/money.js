import { once } from "./once.js";
import { formatNumber, locale } from "./texts.js";

/** A pack at one price. @typedef {{ id: string, credits: number } & import("../store/catalogue.js").Price} Offer */

const percents = once(() => new Intl.NumberFormat(locale, { style: "percent" }));
const signed = once(() => new Intl.NumberFormat(locale, { signDisplay: "exceptZero" }));

/** @param {number} credits "+500", "−2" */
export const formatChange = (credits) => formatNumber(credits, signed());

/**
 * The server says how many decimals Stripe's amounts have. A browser has fewer for some currencies, such as HUF.
 * @param {number} amountMinor
 * @param {string} currency
 * @param {number} decimals
 */
export function formatMoney(amountMinor, currency, decimals) {
  const format = new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return formatNumber(amountMinor / 10 ** decimals, format);
}

/** What a hundred credits cost in this pack. @param {Offer} pack */
export const formatPerHundred = (pack) =>
  formatMoney((pack.unit_amount * 100) / pack.credits, pack.currency, pack.decimals);

/** @param {number} percent */
export const formatPercent = (percent) => percents().format(percent / 100);

/**
 * By how many whole percent a credit is cheaper here than in the smallest pack of the same currency.
 * Rounded down, so it never promises more than there is.
 * @param {Offer} pack
 * @param {Offer[]} packs
 */
export function savingPercent(pack, packs) {
  const alike = packs.filter((other) => other.currency === pack.currency && other.unit_amount > 0);
  const smallest = alike.sort((a, b) => a.credits - b.credits)[0];
  if (!smallest) return 0;
  const share = (pack.unit_amount * smallest.credits) / (pack.credits * smallest.unit_amount);
  return Math.max(0, Math.floor((1 - share) * 100));
}
