import { call } from "../session/api.js";

/**
 * @typedef {{ purchase: string, package_name: string, refundable: boolean, reason: string | null, amount: number,
 *   tax: number, credits: number, currency: string, decimals: number }} RefundQuote  amount, and tax in it, in minor
 *   units
 * @typedef {{ status: "begun" | "done", amount: number, credits: number, currency: string, decimals: number }} Refund
 */

/** @param {string} purchase @returns {Promise<RefundQuote>} */
export function readRefund(purchase) {
  return call(`/api/refund?${new URLSearchParams({ purchase })}`);
}

/**
 * Refunds what was shown, once for each key. Our server and then Stripe have to answer.
 * @param {RefundQuote} quote
 * @param {string} key
 * @returns {Promise<Refund>}
 */
export function makeRefund({ purchase, amount }, key) {
  return call("/api/refund", {
    method: "POST",
    body: { purchase, amount },
    headers: { "Idempotency-Key": key },
    timeoutSeconds: 45,
  });
}
