import { time } from "../lib/dates.js";
import { h, spoken } from "../lib/dom.js";
import { deleteLabel } from "./file-delete-words.js";
import { downloadLinks } from "./file-downloads.js";
import { EXPORT_FEATURE, kindName } from "./file-kinds.js";
import { summaryAtLength, summaryLine } from "./file-summary.js";
import { remedy } from "./file-words.js";
import { formatSize } from "../lib/measures.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./files-api.js").OwnFile} OwnFile */

/** Whether a file can go into an export. @param {OwnFile} file */
export const isExportable = ({ status, feature }) => status === "done" && feature !== EXPORT_FEATURE;

/**
 * One of one's files in the list.
 * @param {OwnFile} file
 * @param {{ isChosen: boolean, onChoose: (chosen: boolean) => void, onDelete: () => void }} choice
 *   isChosen, onChoose: for the export
 */
export function fileRow(file, { isChosen, onChoose, onDelete }) {
  const { filename, status, summary, created_at: createdAt } = file;
  const said = status === "done" ? summaryLine(summary) : t(`file.status.${status}`);
  const help = remedy(file);
  return h(
    "li",
    { class: "file", "data-status": status, tabindex: "-1" },
    isExportable(file) && chooser(file, isChosen, onChoose),
    h("p", { class: "file__name" }, filename),
    h("p", { class: "file__cost" }, cost(file)),
    h("p", { class: "file__state" }, said),
    h("p", { class: "file__about" }, `${kindName(file)} · ${formatSize(file.size)} · `, time(createdAt)),
    help && h("p", { class: "file__help" }, help),
    status === "done" && h("div", { class: "file__products" }, inside(summary), downloadLinks(file)),
    deleter(file, onDelete),
  );
}

/** @param {OwnFile} file @param {() => void} onDelete */
function deleter(file, onDelete) {
  const label = deleteLabel(file);
  if (!label) return null;
  const attributes = { class: "link file__delete", type: "button", onclick: onDelete };
  return h("button", attributes, label, spoken(` ${file.filename}`));
}

/** @param {OwnFile} file @param {boolean} isChosen @param {(chosen: boolean) => void} onChoose */
function chooser({ id, filename }, isChosen, onChoose) {
  const box = h("input", { type: "checkbox", value: id, onchange: () => onChoose(box.checked) });
  box.checked = isChosen;
  return h("label", { class: "file__choice" }, box, spoken(t("file.choose_for_export", { name: filename })));
}

/** @param {import("./files-api.js").Summary | null} summary */
function inside(summary) {
  const all = summaryAtLength(summary);
  if (!all) return null;
  const what = summary?.chapters?.length ? t("file.chapters") : t("file.tags");
  return h("details", { class: "file__inside" }, h("summary", {}, what), all);
}

/** What it cost, or what is set aside for it; nothing where nothing was charged. @param {OwnFile} file */
function cost({ status, credits }) {
  if (status === "done") return t("credits", { n: credits });
  if (status === "failed" || status === "expired") return t("file.not_charged");
  return t("file.set_aside", { n: credits });
}
