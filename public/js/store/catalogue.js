import { requestJson } from "../lib/http.js";

/** @typedef {{ currency: string, unit_amount: number, decimals: number }} Price */
/**
 * Its own price, and all its prices with its own first.
 * @typedef {{ id: string, name: string, credits: number, prices: Price[] } & Price} Package
 */
/** @typedef {{ id: string, name: string, credits: number }} Feature */
/** @typedef {{ packages: Package[], features: Feature[] }} Catalogue */

/** @type {Promise<Catalogue> | null} */
let known = null;

/**
 * What is on sale and what things cost: asked once a page, and again for whoever names a cache mode.
 * Every new answer is told to the document as "catalogue:loaded"; a failure is not kept.
 * @param {{ cache?: RequestCache }} [options] "reload" goes past every cache
 * @returns {Promise<Catalogue>}
 */
export function loadCatalogue({ cache } = {}) {
  if (cache) known = null;
  known ??= ask(cache).catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

/** @param {RequestCache} [cache] @returns {Promise<Catalogue>} */
async function ask(cache) {
  const catalogue = await requestJson("/api/packages", { cache });
  queueMicrotask(() => document.dispatchEvent(new Event("catalogue:loaded")));
  return catalogue;
}
