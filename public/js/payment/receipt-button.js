import { getReceipt } from "./api.js";
import { documentButton } from "../lib/document-button.js";
import { t } from "../lib/texts.js";

/** Shows Stripe's receipt. @param {string} path where to ask for it */
export function receiptButton(path) {
  const words = {
    label: t("receipt"),
    opening: t("receipt.opening"),
    missing: t("receipt.none"),
    code: "no_receipt",
  };
  return documentButton(words, async () => (await getReceipt(path)).receipt_url);
}
