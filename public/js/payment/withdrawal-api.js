import { call } from "../session/api.js";

/**
 * @typedef {{ purchase: string, package_name: string, paid_at: string, withdrawn_at: string, amount: number,
 *   credits: number, currency: string, decimals: number,
 *   refund_status: "begun" | "done" | "failed" | "refused" | null, reason: string | null, mailed: boolean }} Withdrawal
 * @typedef {{ purchase: string, package_name: string, paid_at: string, offered: boolean, reason: string | null,
 *   amount: number, tax: number, credits: number, currency: string, decimals: number,
 *   withdrawal: Withdrawal | null }} WithdrawalQuote  amounts in minor units
 */

/** @param {string} purchase @returns {Promise<WithdrawalQuote>} */
export function readWithdrawal(purchase) {
  return call(`/api/withdrawal?${new URLSearchParams({ purchase })}`);
}

/** Our server and then Stripe have to answer. @param {WithdrawalQuote} quote @returns {Promise<Withdrawal>} */
export function confirmWithdrawal({ purchase, amount }) {
  return call("/api/withdrawal", { method: "POST", body: { purchase, amount }, timeoutSeconds: 45 });
}
