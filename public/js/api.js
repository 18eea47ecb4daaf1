import { asPerson } from "./as-person.js";
import { requestJson } from "./http.js";
import { session } from "./session.js";
import { language } from "./texts.js";

/**
 * Calls one of our functions as the person signed in. Where the account was deleted on another device, the
 * session is over.
 * @param {string} path
 * @param {{ method?: string, body?: unknown, headers?: Record<string, string>, timeoutSeconds?: number }} [options]
 */
export async function call(path, options) {
  const send = async (/** @type {string} */ token) => {
    try {
      const headers = { ...options?.headers, Authorization: `Bearer ${token}` };
      return await requestJson(path, { ...options, headers });
    } catch (error) {
      if (error.code === "account_deleted") session.end("deleted");
      throw error;
    }
  };
  return asPerson(send, ({ status }) => status === 401);
}

/**
 * Balance, a page of history and, with a checkout session's id, what became of that purchase.
 * @param {{ limit?: number, cursor?: string, sessionId?: string, usage?: boolean }} [query]
 */
export function getCredits({ limit, cursor, sessionId, usage } = {}) {
  const query = new URLSearchParams();
  if (limit) query.set("limit", String(limit));
  if (cursor) query.set("cursor", cursor);
  if (sessionId) query.set("session_id", sessionId);
  if (usage) query.set("usage", "true");
  return call(`/api/credits?${query}`);
}

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
 * @param {string | null} currency null for the pack's own
 * @param {string | null} waiver the words by which the buyer gave up the withdrawal, where the shop asks for it
 */
export function createCheckoutSession(packageId, currency, waiver) {
  return call("/api/create-checkout-session", {
    method: "POST",
    body: { package_type: packageId, currency, locale: language, withdrawal_waiver: waiver },
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

/** Answers where Stripe shows the receipt. @param {string} path as a transaction names it */
export function getReceipt(path) {
  return call(path, { timeoutSeconds: 45 });
}

/**
 * Answers where Stripe shows the invoice, and its PDF.
 * @param {string} path as a transaction names it
 * @returns {Promise<{ number: string | null, invoice_url: string, invoice_pdf: string }>}
 */
export function getInvoice(path) {
  return call(path, { timeoutSeconds: 45 });
}
