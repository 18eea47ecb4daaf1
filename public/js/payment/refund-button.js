import { whileBusy } from "../lib/busy-button.js";
import { loadConfig } from "../lib/config.js";
import { h } from "../lib/dom.js";
import { readRefund } from "./refund-api.js";
import { openRefund } from "./refund-dialog.js";
import { refundProblem, whyNot } from "./refund-words.js";
import { t } from "../lib/texts.js";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The first step of a refund: shows what would go back. The second one is in the dialog. It appears where the shop
 * lets buyers refund what is unused, for as many days as the shop allows.
 * @param {string} purchase the order's id
 * @param {string} boughtAt
 */
export function refundButton(purchase, boughtAt) {
  const complaint = h("span", { class: "receipt__problem", role: "alert" });
  const button = h("button", { class: "link", type: "button", "aria-haspopup": "dialog" }, t("refund.begin"));
  button.addEventListener("click", () =>
    whileBusy(button, t("refund.loading"), async () => {
      complaint.textContent = "";
      try {
        const quote = await readRefund(purchase);
        if (quote.refundable) openRefund(quote, button);
        else complaint.textContent = whyNot(quote.reason);
      } catch (error) {
        complaint.textContent = refundProblem(error);
      }
    }),
  );
  const place = h("span", { hidden: true }, button, " ", complaint);
  loadConfig().then(
    ({ self_refund_days: days }) => {
      place.hidden = Date.parse(boughtAt) + days * DAY_MS <= Date.now();
    },
    // Without an answer there is no button. The history says itself what else fails.
    () => {},
  );
  return place;
}
