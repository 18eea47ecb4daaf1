import "./file-drop.js";
import "./leaving.js";
import "./upload-panel.js";
import { h } from "../lib/dom.js";
import { notice } from "../lib/notice.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";
import { isStartable } from "./upload-plan.js";
import { uploads } from "./upload-queue.js";
import { refusal } from "./upload-words.js";

/** So many files are named when they cannot be taken; the others are counted. */
const NAMED = 4;

/** The place for uploads: where files are chosen or dropped, and the queue of those that were. */
export class FileUpload extends HTMLElement {
  #drop = /** @type {import("./file-drop.js").FileDrop} */ (h("file-drop"));
  #panel = /** @type {import("./upload-panel.js").UploadPanel} */ (h("upload-panel", { class: "queue" }));
  #problem = h("div", { class: "upload__problem" });
  #wasBusy = false;

  connectedCallback() {
    this.replaceChildren(this.#drop, this.#problem, this.#panel);
    this.#drop.addEventListener("files:chosen", (event) => this.#take(/** @type {CustomEvent} */ (event).detail.files));
    this.#panel.addEventListener("queue:empty", () => this.#drop.focusButton());
    session.addEventListener("change", () => this.#complain([]));
    uploads.addEventListener("change", () => this.#noticeStart());
  }

  /**
   * Takes up files that were kept here, and goes on at once if asked.
   * @param {import("../store/kept-work.js").KeptWork[]} works
   * @param {{ atOnce: boolean }} options
   */
  async resume(works, { atOnce }) {
    await uploads.resume(works);
    // Whether the credits suffice, the server says: the balance may not be known yet.
    if (atOnce) uploads.start(uploads.jobs.filter(isStartable));
  }

  /** @param {File[]} files */
  #take(files) {
    const { taken, refused } = uploads.add(files);
    const sentences = refused.slice(0, NAMED).map(refusal);
    const others = refused.length - sentences.length;
    this.#complain(others > 0 ? [...sentences, t("drop.others", { n: others })] : sentences);
    if (taken.length) this.#panel.focusTitle();
  }

  /** Whoever starts the others has read why one was not taken. */
  #noticeStart() {
    if (uploads.isBusy && !this.#wasBusy) this.#complain([]);
    this.#wasBusy = uploads.isBusy;
  }

  /** @param {string[]} sentences */
  #complain(sentences) {
    this.#problem.replaceChildren();
    const [first, ...others] = sentences;
    if (!first) return;
    const box = notice(first);
    box.append(...others.map((sentence) => h("p", {}, sentence)));
    this.#problem.append(box);
  }
}

customElements.define("file-upload", FileUpload);
