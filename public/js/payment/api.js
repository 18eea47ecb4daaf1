import { call } from "../session/api.js";

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
