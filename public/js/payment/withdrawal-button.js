import { whileBusy } from "../lib/busy-button.js";
import { day, time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { parts, t } from "../lib/texts.js";
import { readWithdrawal } from "./withdrawal-api.js";
import { openWithdrawal } from "./withdrawal-dialog.js";
import { withdrawalProblem } from "./withdrawal-words.js";

/**
 * The first step of a withdrawal: shows what would happen. The second one is in the dialog.
 * @param {string} purchase the order's id
 * @param {string} until
 */
export function withdrawalButton(purchase, until) {
  const complaint = h("span", { class: "receipt__problem", role: "alert" });
  const button = h("button", { class: "link", type: "button", "aria-haspopup": "dialog" }, t("withdrawal.begin"));
  button.addEventListener("click", () =>
    whileBusy(button, t("withdrawal.loading"), async () => {
      complaint.textContent = "";
      try {
        openWithdrawal(await readWithdrawal(purchase), button);
      } catch (error) {
        complaint.textContent = withdrawalProblem(error);
      }
    }),
  );
  return h(
    "span",
    { class: "withdrawal" },
    button,
    " ",
    h("span", {}, ...parts("withdrawal.until", { day: day(until) })),
    " ",
    complaint,
  );
}

/** @param {string} at when it was withdrawn from */
export function withdrawnNote(at) {
  return h("p", {}, ...parts("withdrawal.done", { time: time(at) }));
}
