import "./file-drop.js";
import "./upload-card.js";
import { openStore } from "../store/checkout.js";
import { h } from "../lib/dom.js";
import { kindOf } from "./file-kinds.js";
import { shelf } from "./file-shelf.js";
import { notice } from "../lib/notice.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";
import { UploadJob } from "./upload-job.js";

/** The place for uploads: an open purse, or the one file that is on its way into it. */
export class FileUpload extends HTMLElement {
  #drop = /** @type {import("./file-drop.js").FileDrop} */ (h("file-drop"));
  #card = /** @type {import("./upload-card.js").UploadCard} */ (
    h("upload-card", { class: "clasp", hidden: true })
  );
  #problem = h("div", { class: "upload__problem" });
  /** @type {UploadJob | null} */
  #job = null;

  connectedCallback() {
    this.replaceChildren(this.#drop, this.#card, this.#problem);
    this.#drop.addEventListener("file:refused", (event) => this.#complain(detail(event).trouble));
    this.#drop.addEventListener("file:chosen", (event) => this.#take(detail(event)));
    this.#card.addEventListener("upload:over", () => {
      this.#show(null);
      this.#drop.focusButton();
    });
    session.addEventListener("change", () => this.#show(null));
    // The links of a deleted file lead nowhere.
    shelf.addEventListener(
      "removed",
      (event) => this.#job?.result?.id === detail(event).id && this.#show(null),
    );
  }

  /**
   * Takes up a file that was kept here, and goes on at once if asked.
   * @param {import("../store/kept-work.js").KeptWork} work
   * @param {{ atOnce: boolean }} options
   */
  resume({ userId, key, file }, { atOnce }) {
    const kind = file && kindOf(file.name);
    if (!file || !kind || this.#job) return;
    const job = new UploadJob({ userId, file, kind, key, stage: "waiting" });
    this.#show(job);
    if (atOnce) job.run();
  }

  /** @param {{ file: File, kind: import("./file-kinds.js").FileKind }} chosen */
  #take({ file, kind }) {
    const { user } = session;
    if (!user) return;
    if (this.#job?.isAtWork) return this.#complain(t("drop.busy"));
    this.#show(new UploadJob({ userId: user.id, file, kind }));
    this.#card.focusTitle();
  }

  /** @param {UploadJob | null} job */
  #show(job) {
    this.#job?.stop();
    this.#job = job;
    this.#drop.hidden = job !== null;
    this.#card.hidden = job === null;
    this.#complain("");
    if (!job) return;
    job.addEventListener("change", () => {
      if (job === this.#job && job.stage === "short")
        openStore({ reason: job.shortageOf(t("file.quoted", { name: job.file.name })) });
    });
    this.#card.show(job);
  }

  /** @param {string} text */
  #complain(text) {
    this.#problem.replaceChildren(...(text ? [notice(text)] : []));
  }
}

/** @param {Event} event */
const detail = (event) => /** @type {CustomEvent} */ (event).detail;

customElements.define("file-upload", FileUpload);
