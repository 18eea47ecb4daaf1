import { person } from "../session/person.js";
import { createCheckoutSession } from "./api.js";

/**
 * Opens Stripe's payment page for a pack. Resolves when the browser is on its way, or the buyer is another person by
 * now; throws what went wrong.
 * @param {string} packageId
 * @param {Parameters<typeof createCheckoutSession>[1]} order currency: the one that the buyer saw the price in
 */
export async function goToCheckout(packageId, order) {
  const { id } = person;
  const { url } = await createCheckoutSession(packageId, order);
  // Nobody pays for the purse of somebody who has left meanwhile.
  if (person.id === id) location.assign(url);
}

/**
 * Asks the page's store to open, to go on with a purchase, and to say why it is open.
 * @param {{ packageId?: string, reason?: string }} [wish]
 */
export function openStore({ packageId, reason } = {}) {
  document.dispatchEvent(new CustomEvent("store:open", { detail: { packageId, reason } }));
}
