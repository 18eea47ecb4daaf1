import { isOwnPage } from "../lib/own-page.js";

/** @typedef {import("./catalogue.js").Package} Package */
/** @typedef {Package & { missing: string | null }} PricedPackage missing: the currency it has no price in */

const KEY = "purse.currency";
/** The choice of each pack's own currency, in a shop where these differ. */
export const OWN = "own";

/** The choice on this page. @type {string | null} */
let chosen = null;

/**
 * The currency that somebody chose to pay in. This browser remembers it on our own pages, another app's page until it
 * is left; until somebody chooses, their country decides.
 */
export const chosenCurrency = {
  /** @returns {string | null} */
  read() {
    if (!isOwnPage) return chosen;
    try {
      return localStorage.getItem(KEY);
    } catch {
      return chosen;
    }
  },

  /** @param {string} currency */
  write(currency) {
    chosen = currency;
    try {
      if (isOwnPage) localStorage.setItem(KEY, currency);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    tell(currency);
  },

  /** Tells of a choice on this page or in another tab by "change", with the currency as its detail. */
  changes: new EventTarget(),
};

const tell = (/** @type {string | null} */ currency) =>
  chosenCurrency.changes.dispatchEvent(new CustomEvent("change", { detail: currency }));

if (isOwnPage) addEventListener("storage", ({ key, newValue }) => key === KEY && tell(newValue));

/** The currencies that packs have prices in: the first pack's own, then by code. @param {Package[]} packages */
export function offeredCurrencies(packages) {
  const all = new Set(packages.flatMap(({ prices }) => prices.map(({ currency }) => currency)));
  const first = packages[0]?.currency;
  return [...all].sort((a, b) => Number(b === first) - Number(a === first) || a.localeCompare(b));
}

/** Whether the packs' own currencies differ. @param {Package[]} packages */
export const isMixed = (packages) => new Set(packages.map(({ currency }) => currency)).size > 1;

/** Whether a wish can be met. @param {Package[]} packages @param {string | null} wish */
export const isOffered = (packages, wish) =>
  wish === OWN ? isMixed(packages) : wish !== null && offeredCurrencies(packages).includes(wish);

/**
 * The currency to show prices in: the first of the wishes that can be met, else the packs' own. Null where each pack is
 * shown in its own.
 * @param {Package[]} packages
 * @param {(string | null)[]} wishes
 */
export function currencyFor(packages, wishes) {
  const wish = wishes.find((each) => isOffered(packages, each));
  if (wish) return wish === OWN ? null : wish;
  return isMixed(packages) ? null : (packages[0]?.currency ?? null);
}

/**
 * A pack at its price in a currency; at its own price where it has none in it.
 * @param {Package} pack
 * @param {string | null} currency
 * @returns {PricedPackage}
 */
export function pricedIn(pack, currency) {
  const price = pack.prices.find((each) => each.currency === currency);
  return { ...pack, ...price, missing: currency === null || price ? null : currency };
}
