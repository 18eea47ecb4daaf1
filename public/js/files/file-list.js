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
import { uploads } from "./upload-queue.js";
import { wallet } from "../credits/wallet.js";

/** One's files, newest first, a page at a time, and the export of those that are chosen. */
export class FileList extends HTMLElement {
  #status = h("div", { class: "files__status", tabindex: "-1" });
  #announcement = h("p", { class: "visually-hidden", role: "status" });
  #all = h("input", { type: "checkbox", onchange: () => this.#chooseAll() });
  #head = h(
    "div",
    { class: "files__head" },
    h("label", { class: "files__all" }, h("span", { class: "file__choice" }, this.#all), t("files.choose_all")),
  );
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
    const box = h("div", { class: "files__box" }, this.#head, this.#list);
    this.replaceChildren(this.#status, this.#announcement, box, this.#more, this.#export);
    shelf.addEventListener("change", () => this.#render());
    uploads.addEventListener("change", () => this.#render());
    this.#export.addEventListener("exported", () => this.#show([]));
    session.addEventListener("change", () => this.#show([]));
    this.#render();
  }

  /** Goes on with an export that had to wait. @param {import("../store/kept-work.js").KeptWork} work */
  resume({ fileIds = [], key }) {
    this.#show(fileIds, key);
    return this.#export;
  }

  #render() {
    const { status, nextCursor, error } = shelf;
    // What is on its way is in the queue above.
    const files = shelf.files.filter((file) => !uploads.shows(file));
    const exportable = files.filter(isExportable);
    const isLoading = status === "loading";
    this.#list.setAttribute("aria-busy", String(isLoading));
    arrange(this.#list, isLoading ? skeletons() : files.map((file) => this.#row(file)));
    this.#head.hidden = !isLoading && !exportable.length;
    this.#showChosen(exportable);
    this.#more.hidden = nextCursor === null;
    this.#export.hidden = !this.#chosen.size && !exportable.length;
    if (error) this.#say(`${readingProblem(error)} ${t("reading.files_safe")}`, () => shelf.load());
    else this.#status.replaceChildren(...(status === "ready" && !files.length ? [empty()] : []));
  }

  /** Made once for what it shows, so that what is open or has the focus there stays so. */
  #row(/** @type {import("./file-row.js").OwnFile} */ file) {
    // The addresses for downloading are new each time: a row is not made again for them.
    const key = JSON.stringify({ ...file, downloads: file.downloads.map(({ name }) => name) });
    const onChoose = (/** @type {boolean} */ chosen) => this.#toggle(file.id, chosen);
    const onDelete = () => this.#delete(file);
    const read = () => shelf.files.find(({ id }) => id === file.id) ?? file;
    const row =
      this.#rows.get(key) ?? fileRow(file, { isChosen: this.#chosen.has(file.id), onChoose, read, onDelete });
    this.#rows.set(key, row);
    renewLinks(row, file);
    return row;
  }

  /** @param {import("./file-row.js").OwnFile[]} exportable */
  #showChosen(exportable) {
    for (const box of this.#list.querySelectorAll("input")) box.checked = this.#chosen.has(box.value);
    const count = exportable.filter(({ id }) => this.#chosen.has(id)).length;
    this.#all.disabled = !exportable.length;
    this.#all.checked = count > 0 && count === exportable.length;
    this.#all.indeterminate = count > 0 && count < exportable.length;
  }

  /** @param {string} id @param {boolean} chosen */
  #toggle(id, chosen) {
    const others = [...this.#chosen].filter((other) => other !== id);
    this.#choose(chosen ? [...others, id] : others);
  }

  /** All that are shown, or none. */
  #chooseAll() {
    const exportable = shelf.files.filter(isExportable).map(({ id }) => id);
    this.#choose(this.#all.checked ? exportable : []);
  }

  /** Another choice is another export: the one that may have waited is over. @param {string[]} ids */
  #choose(ids) {
    this.#show(ids);
    if (session.user) forget(session.user.id, "export");
  }

  /** @param {string[]} ids @param {string} [key] that an export of them was begun under */
  #show(ids, key) {
    this.#chosen = new Set(ids);
    this.#export.choose(ids, key);
    this.#render();
  }

  /** @param {import("./file-row.js").OwnFile} file */
  async #delete(file) {
    const id = session.user?.id;
    if (!(await askFirst(deleteQuestion(file))) || session.user?.id !== id) return;
    const rows = [...this.#list.children];
    const place = rows.findIndex((row) => row === this.#row(file));
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
    const known = this.#list.children.length;
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
