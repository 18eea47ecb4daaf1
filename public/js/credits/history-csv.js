import { whileBusy } from "../lib/busy-button.js";
import { localDay } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { notice } from "../lib/notice.js";
import { readingProblem } from "../lib/problems.js";
import { t } from "../lib/texts.js";
import { exportCredits } from "./api.js";

/** How long the browser may take to write the file. */
const KEPT_FOR_MS = 60_000;

/**
 * The button that downloads the whole history as CSV.
 * @param {(message: Node | null) => void} say shows what went wrong
 */
export function csvButton(say) {
  const button = h("button", { class: "button button--quiet csv", type: "button", part: "csv" }, t("history.csv"));
  const run = () =>
    whileBusy(button, t("history.csv.busy"), async () => {
      say(null);
      try {
        save(await exportCredits(), `credits-${localDay(Date.now())}.csv`);
      } catch (error) {
        const text = `${readingProblem(error)} ${t("history.csv.failed")}`;
        say(notice(text, { action: { label: t("try_again"), run } }));
      }
    });
  button.addEventListener("click", run);
  return button;
}

/** @param {Blob} file @param {string} name */
function save(file, name) {
  const url = URL.createObjectURL(file);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_FOR_MS);
}
