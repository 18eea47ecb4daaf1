import { isOwnPage } from "../lib/own-page.js";
import { fromAddress, inAddress, NONE } from "./filter.js";

/** @typedef {import("./filter.js").Filter} Filter */

/** The filter that the address names. Another app's address is its own. @returns {Filter} */
export const addressed = () => (isOwnPage ? fromAddress(location.search) : NONE);

/**
 * Keeps the filter in the address of our own pages, so that reload and back find it.
 * @param {Filter} filter
 * @param {{ isStep: boolean }} options whether "back" undoes it; not while somebody types
 */
export function keepInAddress(filter, { isStep }) {
  if (!isOwnPage) return;
  const search = inAddress(location.search, filter);
  if (search === location.search) return;
  const address = `${location.pathname}${search}${location.hash}`;
  if (isStep) history.pushState(history.state, "", address);
  else history.replaceState(history.state, "", address);
}
