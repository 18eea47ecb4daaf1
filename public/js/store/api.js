import { language } from "../lib/texts.js";
import { call } from "../session/api.js";

/** What is offered to this person alone. @returns {Promise<import("./offer-card.js").Offer[]>} */
export async function getOffers() {
  const { offers } = await call("/api/offers");
  return offers;
}

/** Counts that this person's page shows the store: the server counts a person once a day. */
export function noteStoreOpened() {
  return call("/api/packages", { method: "POST" });
}

/**
 * Our server and then Stripe have to answer, so this one may take longer.
 * @param {string} packageId of a pack, or of an offer to this person
 * @param {{ currency: string | null, waiver: string | null } & import("./return-addresses.js").ReturnAddresses} order
 *   currency: null for the pack's own; waiver: the words by which the buyer gave up the withdrawal, where the shop
 *   asks for it
 */
export function createCheckoutSession(packageId, { currency, waiver, returnUrl, cancelUrl }) {
  return call("/api/create-checkout-session", {
    method: "POST",
    body: {
      package_type: packageId,
      currency,
      locale: language,
      withdrawal_waiver: waiver,
      return_url: returnUrl,
      cancel_url: cancelUrl,
    },
    timeoutSeconds: 45,
  });
}

/**
 * Gives the credits of a code. `replayed` says that this person had them before.
 * @param {string} code as it was typed
 * @returns {Promise<{ credits: number, campaign: string, replayed: boolean }>}
 */
export function redeemCode(code) {
  return call("/api/redeem", { method: "POST", body: { code } });
}
