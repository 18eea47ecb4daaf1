import { h } from "./dom.js";
import { readingProblem } from "./problems.js";
import { t } from "./texts.js";

/**
 * A button that shows a document of Stripe's in a tab of its own, or downloads it.
 * @param {{ label: string, opening?: string, missing: string, code: string }} words `opening` stands in the tab while
 * Stripe is asked; without it there is no tab, because a download would leave it empty. `missing` is shown if the
 * answer is the error `code`.
 * @param {() => Promise<string>} ask for the document's address
 */
export function documentButton({ label, opening, missing, code }, ask) {
  const complaint = h("span", { class: "document__problem", role: "alert" });
  const button = h("button", { class: "link", type: "button" }, label);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy") === "true") return;
    // Opened now, while the click allows it; where it leads is known only when the server has answered.
    const tab = opening ? window.open("", "_blank") : null;
    tab?.document.body.append(opening ?? "");
    button.setAttribute("aria-busy", "true");
    complaint.textContent = "";
    try {
      show(await ask(), tab);
    } catch (error) {
      tab?.close();
      complaint.textContent = error.code === code ? missing : problem(error);
    }
    button.setAttribute("aria-busy", "false");
  });
  return h("span", { class: "document" }, button, " ", complaint);
}

/**
 * Stripe's page cannot reach this one. Cross-Origin-Opener-Policy parts them on our own pages, but not every app's.
 * @param {string} url
 * @param {Window | null} tab
 */
function show(url, tab) {
  if (!tab) return location.assign(url);
  tab.opener = null;
  tab.location.replace(url);
}

/** @param {import("./http.js").RequestError} error */
function problem(error) {
  if (error.status === 502) return t("document.no_answer");
  return `${readingProblem(error)} ${t("document.later")}`;
}
