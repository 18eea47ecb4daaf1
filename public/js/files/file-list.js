import "./export-bar.js";
import { arrange, h } from "../lib/dom.js";
import { askFirst } from "../lib/confirm-dialog.js";
import { deletedSentence, deleteProblem, deleteQuestion } from "./file-delete-words.js";
import { renewLinks } from "./file-downloads.js";
import { fileRow, isExportable } from "./file-row.js";
import { shelf } from "./file-shelf.js";
import { deleteFile } from "./files-api.js";
import { forget } from "../store/kept-work.js";
import { notice } from "../lib/notice.js";
import { readingProblem } from "../lib/problems.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";
import { wallet } from "../credits/wallet.js";

/** One's files, newest first, a page at a time, and the export of those that are chosen. */
export class FileList extends HTMLElement {
  #status = h("div", { class: "files__status", tabindex: "-1" });
  #announcement = h("p", { class: "visually-hidden", role: "status" });
  #list = h("ol", { class: "files", role: "list", "aria-label": t("files.yours") });
  /** @type {import("./export-bar.js").ExportBar} */
  #export = h("export-bar");
  #more = h(
    "button",
    { class: "button button--quiet", type: "button", onclick: () => this.#loadMore() },
    t("show_earlier"),
  );
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** @type {Set<string>} */
  #chosen = new Set();

  connectedCallback() {
    this.replaceChildren(this.#status, this.#announcement, this.#list, this.#more, this.#export);
    shelf.addEventListener("change", () => this.#render());
    this.#export.addEventListener("exported", () => this.#clear());
    session.addEventListener("change", () => this.#clear());
    this.#render();
  }

  /** Goes on with an export that had to wait. @param {import("../store/kept-work.js").KeptWork} work */
  resume({ fileIds = [], key }) {
    this.#choose(fileIds);
    this.#export.choose(fileIds, key);
    return this.#export;
  }

  #render() {
    const { status, files, nextCursor, error } = shelf;
    this.#list.setAttribute("aria-busy", String(status === "loading"));
    arrange(this.#list, status === "loading" ? skeletons() : files.map((file) => this.#row(file)));
    this.#more.hidden = nextCursor === null;
    this.#export.hidden = !this.#chosen.size && !files.some(isExportable);
    if (error) this.#say(`${readingProblem(error)} ${t("reading.files_safe")}`, () => shelf.load());
    else this.#status.replaceChildren(...(status === "ready" && !files.length ? [empty()] : []));
  }

  /** Made once for what it shows, so that what is open or has the focus there stays so. */
  #row(/** @type {import("./file-row.js").OwnFile} */ file) {
    // The addresses for downloading are new each time: a row is not made again for them.
    const key = JSON.stringify({ ...file, downloads: file.downloads.map(({ name }) => name) });
    const onChoose = (/** @type {boolean} */ chosen) => this.#toggle(file.id, chosen);
    const onDelete = () => this.#delete(file);
    const row =
      this.#rows.get(key) ?? fileRow(file, { isChosen: this.#chosen.has(file.id), onChoose, onDelete });
    this.#rows.set(key, row);
    renewLinks(row, file);
    return row;
  }

  /** @param {string} id @param {boolean} chosen */
  #toggle(id, chosen) {
    if (chosen) this.#chosen.add(id);
    else this.#chosen.delete(id);
    this.#export.choose([...this.#chosen]);
    // Another choice is another export: the one that may have waited is over.
    if (session.user) forget(session.user.id, "export");
  }

  /** @param {string[]} ids */
  #choose(ids) {
    this.#chosen = new Set(ids);
    for (const box of this.#list.querySelectorAll("input")) box.checked = this.#chosen.has(box.value);
    this.#render();
  }

  #clear() {
    this.#choose([]);
    this.#export.choose([]);
  }

  /** @param {import("./file-row.js").OwnFile} file */
  async #delete(file) {
    if (!(await askFirst(deleteQuestion(file)))) return;
    const place = shelf.files.findIndex(({ id }) => id === file.id);
    try {
      await deleteFile(file.id);
    } catch (error) {
      // Deleted elsewhere meanwhile: that is what was wanted.
      if (error.status !== 404) return this.#say(deleteProblem(error), () => this.#delete(file));
    }
    if (this.#chosen.has(file.id)) this.#toggle(file.id, false);
    shelf.remove(file.id);
    wallet.load();
    this.#announcement.textContent = deletedSentence(file);
    const next = /** @type {HTMLElement | undefined} */ (
      this.#list.children[place] ?? this.#list.lastElementChild
    );
    (next ?? this.#status).focus();
  }

  async #loadMore() {
    if (this.#more.getAttribute("aria-busy") === "true") return;
    this.#more.setAttribute("aria-busy", "true");
    const known = shelf.files.length;
    try {
      await shelf.loadMore();
      /** @type {HTMLElement | undefined} */ (this.#list.children[known])?.focus();
    } catch (error) {
      this.#say(readingProblem(error), () => this.#loadMore());
    }
    this.#more.setAttribute("aria-busy", "false");
  }

  /** @param {string} text @param {() => void} run */
  #say(text, run) {
    this.#status.replaceChildren(notice(text, { action: { label: t("try_again"), run } }));
  }
}

const skeletons = () =>
  Array.from({ length: 3 }, () => h("li", { class: "file file--skeleton", "aria-hidden": "true" }));

const empty = () => h("p", { class: "files__empty" }, t("files.none"));

customElements.define("file-list", FileList);
