import { getCredits } from "../credits/api.js";
import { wallet } from "../credits/wallet.js";

const FIRST_DELAY_SECONDS = 0.5;
const LONGEST_DELAY_SECONDS = 5;
const BACK_OFF = 1.5;
const GIVE_UP_AFTER_SECONDS = 120;
/** What may still change while somebody looks at it. */
const UNDECIDED = ["confirming", "processing", "open", "unknown"];
/** What only an answer for which Stripe was asked can tell: until the next one it stands. */
const TOLD_BY_STRIPE = ["open", "unknown"];

/**
 * @typedef {"confirming" | "processing" | "open" | "paid" | "refunded" | "mismatch" | "failed" | "expired" |
 *   "unconfirmed" | "unknown" | "signed-out" | "invalid" | "not-found"} PaymentState
 * @typedef {{ order_id: string, status: string, package_name: string, credits: number, credited: number, amount: number, refunded: number, currency: string,
 *   decimals: number, decline_code: string | null, receipt: string | null, invoice: string | null,
 *   checkout_url: string | null }} Purchase
 * @typedef {"server" | "stripe" | null} Trouble  who does not answer
 * @typedef {{ state: PaymentState, purchase: Purchase | null, trouble: Trouble }} Sighting
 */

/** @type {Sighting} */
export const NOTHING_SEEN = { state: "confirming", purchase: null, trouble: null };

/** Whether an address may name a checkout session. @param {string} id */
export const looksLikeASession = (id) => /^cs_\w{1,250}$/.test(id);

/**
 * Looks at a purchase until it is settled one way or the other, ever less often, and for about two minutes
 * in which the tab is visible. Yields what each look found; the last one stands.
 * @param {string} sessionId
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Sighting>}
 */
export async function* watchPayment(sessionId, signal) {
  let delay = FIRST_DELAY_SECONDS;
  let spent = 0;
  let sighting = NOTHING_SEEN;
  while (!signal.aborted) {
    await untilVisible(signal);
    const began = performance.now();
    const { retryAfterSeconds = 0, ...seen } = await look(sessionId, sighting, signal);
    if (signal.aborted) return;
    sighting = seen;
    yield sighting;
    if (!UNDECIDED.includes(sighting.state)) return;
    await pause(Math.max(delay, retryAfterSeconds), signal);
    delay = Math.min(delay * BACK_OFF, LONGEST_DELAY_SECONDS);
    spent += (performance.now() - began) / 1000;
    if (spent >= GIVE_UP_AFTER_SECONDS) break;
  }
  // A bank that is still working on it, or a page that is still open, is an answer; no word at all is not.
  if (!signal.aborted && sighting.state === "confirming") yield { ...sighting, state: "unconfirmed" };
}

/**
 * @param {string} sessionId
 * @param {Sighting} last stands on while the server cannot be reached
 * @param {AbortSignal} signal
 * @returns {Promise<Sighting & { retryAfterSeconds?: number }>}
 */
async function look(sessionId, last, signal) {
  try {
    const answer = await getCredits({ sessionId });
    // An answer for somebody who has signed out meanwhile is nobody's balance here.
    if (!signal.aborted) wallet.take(answer);
    const trouble = answer.purchase_lookup === "stripe_unavailable" ? "stripe" : null;
    const state = stateOf(answer);
    if (state === "confirming" && TOLD_BY_STRIPE.includes(last.state)) return { ...last, trouble };
    return { state, purchase: answer.purchase, trouble };
  } catch (error) {
    if (error.status === 401) return { ...last, state: "signed-out" };
    if (error.status === 400) return { ...last, state: "invalid" };
    return { ...last, trouble: "server", retryAfterSeconds: Math.min(error.retryAfterSeconds ?? 0, 30) };
  }
}

/**
 * Paid is only what the ledger has too.
 * @param {{ purchase: Purchase | null, purchase_lookup: string }} answer
 * @returns {PaymentState}
 */
function stateOf({ purchase, purchase_lookup: lookup }) {
  if (lookup === "not_found") return "not-found";
  if (lookup === "unknown_to_stripe" && purchase?.status === "open") return "unknown";
  switch (purchase?.status) {
    case "paid":
      if (purchase.refunded > 0) return "refunded";
      return purchase.credited === purchase.credits ? "paid" : "confirming";
    case "open":
      return purchase.checkout_url ? "open" : "confirming";
    case "processing":
    case "mismatch":
    case "failed":
    case "expired":
      return purchase.status;
    default:
      return "confirming";
  }
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
function untilVisible(signal) {
  return new Promise((resolve) => {
    const check = () =>
      (!document.hidden || signal.aborted) &&
      (document.removeEventListener("visibilitychange", check), resolve());
    document.addEventListener("visibilitychange", check);
    signal.addEventListener("abort", check, { once: true });
    check();
  });
}

/** @param {number} seconds @param {AbortSignal} signal @returns {Promise<void>} */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
