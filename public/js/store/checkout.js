import { createCheckoutSession } from "./api.js";

/**
 * Opens Stripe's payment page for a pack. Resolves when the browser is on its way; throws what went wrong.
 * @param {string} packageId
 * @param {string | null} currency the one that the buyer saw the price in
 * @param {string | null} waiver what the buyer agreed to
 */
export async function goToCheckout(packageId, currency, waiver) {
  const { url } = await createCheckoutSession(packageId, currency, waiver);
  location.assign(url);
}

/**
 * Asks the page's store to open, to go on with a purchase, and to say why it is open.
 * @param {{ packageId?: string, reason?: string }} [wish]
 */
export function openStore({ packageId, reason } = {}) {
  document.dispatchEvent(new CustomEvent("store:open", { detail: { packageId, reason } }));
}
