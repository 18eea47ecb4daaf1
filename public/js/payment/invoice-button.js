import { getInvoice } from "./api.js";
import { documentButton } from "../lib/document-button.js";
import { t } from "../lib/texts.js";

/** Two buttons for Stripe's invoice: its page, and its PDF. @param {string} path where to ask for it */
export function invoiceButtons(path) {
  const words = { missing: t("invoice.none"), code: "no_invoice" };
  const page = { ...words, label: t("invoice"), opening: t("invoice.opening") };
  return [
    documentButton(page, async () => (await getInvoice(path)).invoice_url),
    documentButton({ ...words, label: t("invoice.pdf") }, async () => (await getInvoice(path)).invoice_pdf),
  ];
}
