import { day } from "../lib/dates.js";
import { h, spoken } from "../lib/dom.js";
import { mainDownload } from "./file-downloads.js";
import { EXPORT_FEATURE, kindName } from "./file-kinds.js";
import { fileMenu } from "./file-menu.js";
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
 * @param {{ isChosen: boolean, onChoose: (chosen: boolean) => void, read: () => OwnFile, onDelete: () => void }} choice
 *   isChosen, onChoose: for the export; read: the file as it is by now
 */
export function fileRow(file, { isChosen, onChoose, read, onDelete }) {
  const { filename, status } = file;
  const help = remedy(file);
  return h(
    "li",
    { class: "file", "data-status": status, tabindex: "-1" },
    isExportable(file) && chooser(file, isChosen, onChoose),
    h("p", { class: "file__name", title: filename }, filename),
    about(file),
    help && h("p", { class: "file__help" }, help),
    h("div", { class: "file__ways" }, status === "done" && mainDownload(file), fileMenu(file, { read, onDelete })),
  );
}

/** @param {OwnFile} file @param {boolean} isChosen @param {(chosen: boolean) => void} onChoose */
function chooser({ id, filename }, isChosen, onChoose) {
  const box = h("input", { type: "checkbox", value: id, onchange: () => onChoose(box.checked) });
  box.checked = isChosen;
  return h("label", { class: "file__choice" }, box, spoken(t("file.choose_for_export", { name: filename })));
}

/** What it is, when it came and what it cost, in a line; at length for whoever opens that. @param {OwnFile} file */
function about(file) {
  const { status, summary, size, created_at: createdAt } = file;
  const said = status === "done" ? summaryLine(summary) : t(`file.status.${status}`);
  const state = h("span", { class: "file__state" }, said);
  const rest = [" · ", `${kindName(file)} · ${formatSize(size)} · `, day(createdAt), ` · ${cost(file)}`];
  const atLength = status === "done" && summaryAtLength(summary);
  if (!atLength) return h("p", { class: "file__about" }, state, ...rest);
  const what = summary?.chapters?.length ? t("file.chapters") : t("file.tags");
  const line = h("summary", {}, spoken(`${what}: `), state, ...rest);
  return h("details", { class: "file__about file__inside" }, line, atLength);
}

/** What it cost, or what is set aside for it; nothing where nothing was charged. @param {OwnFile} file */
function cost({ status, credits }) {
  if (status === "done") return t("credits", { n: credits });
  if (status === "failed" || status === "expired") return t("file.not_charged");
  return t("file.set_aside", { n: credits });
}
