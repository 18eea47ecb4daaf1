import { getReceipt } from "./api.js";
import { h } from "./dom.js";
import { readingProblem } from "./problems.js";
import { t } from "./texts.js";

/** A button that shows Stripe's receipt in a tab of its own. @param {string} path where to ask for it */
export function receiptButton(path) {
  const complaint = h("span", { class: "receipt__problem", role: "alert" });
  const button = h("button", { class: "link", type: "button" }, t("receipt"));
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    // Opened now, while the click allows it; where it leads is known only when the server has answered.
    const tab = window.open("", "_blank");
    tab?.document.body.append(t("receipt.opening"));
    button.setAttribute("aria-busy", "true");
    complaint.textContent = "";
    try {
      show((await getReceipt(path)).receipt_url, tab);
    } catch (error) {
      tab?.close();
      complaint.textContent = receiptProblem(error);
    }
    button.setAttribute("aria-busy", "false");
  });
  return h("span", { class: "receipt" }, button, " ", complaint);
}

/**
 * Stripe's page cannot reach this one: Cross-Origin-Opener-Policy parts them.
 * @param {string} url
 * @param {Window | null} tab
 */
const show = (url, tab) => (tab ? tab.location.replace(url) : location.assign(url));

/** @param {import("./http.js").RequestError} error */
function receiptProblem(error) {
  if (error.code === "no_receipt") return t("receipt.none");
  if (error.status === 502) return t("receipt.no_answer");
  return `${readingProblem(error)} ${t("receipt.later")}`;
}
