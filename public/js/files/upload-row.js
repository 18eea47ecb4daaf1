import { h, spoken } from "../lib/dom.js";
import { mainDownload } from "./file-downloads.js";
import { formatSize } from "../lib/measures.js";
import { t } from "../lib/texts.js";
import { isAtWork } from "./upload-plan.js";
import { explanation, stageInWords } from "./upload-words.js";

/** @typedef {import("./upload-job.js").UploadJob} UploadJob */

/** A file of the queue: what it is, what it is at, and what can be done about it. */
export class UploadRow {
  #state = h("span", { class: "queued__state" });
  #why = h("p", { class: "queued__why" });
  #cost = h("p", { class: "queued__cost" });
  #actions = h("p", { class: "queued__actions" });
  #bar;
  #fits = true;
  /** What the buttons are for: they are made again only for another. */
  #shown = "";

  /**
   * @param {UploadJob} job
   * @param {{ onRetry: () => void, onRemove: () => void }} choices
   */
  constructor(job, choices) {
    const { file, kind } = job;
    this.job = job;
    this.choices = choices;
    this.#bar = h("progress", { class: "queued__bar", max: "1", "aria-label": t("upload.of", { name: file.name }) });
    this.element = h(
      "li",
      { class: "queued", tabindex: "-1" },
      h("p", { class: "queued__name", title: file.name }, file.name),
      h(
        "p",
        { class: "queued__about" },
        this.#state,
        h("span", { class: "queued__kind" }, ` · ${kind.name}`),
        h("span", { class: "queued__size" }, ` · ${formatSize(file.size)}`),
      ),
      this.#cost,
      this.#why,
      this.#actions,
      this.#bar,
    );
    job.addEventListener("change", () => this.show(this.#fits));
    job.addEventListener("progress", () => this.#showProgress());
    this.show(true);
  }

  /** @param {boolean} fits whether the balance suffices for it, after those before it */
  show(fits) {
    const { job } = this;
    this.#fits = fits;
    this.element.dataset.stage = job.stage;
    this.element.toggleAttribute("data-short", !fits);
    this.#showProgress();
    this.#why.textContent = explanation(job);
    this.#cost.textContent = costInWords(job);
    this.#showActions();
  }

  /** What it is at, as it is read out. */
  get sentence() {
    const said = stageInWords(this.job, this.#fits);
    return [`${this.job.file.name}: ${said}`, explanation(this.job)].filter(Boolean).join(" ");
  }

  /** Only a transfer has a share that is done; what comes before and after it just takes its time. */
  #showProgress() {
    const { stage, progress } = this.job;
    this.#state.textContent = stageInWords(this.job, this.#fits);
    this.#bar.hidden = !isAtWork(this.job);
    if (stage === "uploading") this.#bar.value = progress;
    else this.#bar.removeAttribute("value");
  }

  #showActions() {
    const { job } = this;
    const names = actionsOf(job);
    const shown = names.join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    const hadFocus = this.#actions.contains(document.activeElement);
    this.#actions.replaceChildren(...names.flatMap((name) => this.#action(name)));
    // The button just pressed may be gone: reading goes on at the row.
    if (hadFocus) this.element.focus();
  }

  /** @param {string} name @returns {Node[]} */
  #action(name) {
    const { job, choices } = this;
    switch (name) {
      case "download": {
        const link = job.result && mainDownload(job.result);
        return link ? [link] : [];
      }
      case "cancel":
        return [this.#button(t("queue.cancel"), () => job.cancel())];
      case "retry":
        return [this.#button(t("try_again"), choices.onRetry)];
      default:
        return [this.#button(t("queue.remove"), choices.onRemove)];
    }
  }

  /**
   * The second click of a double click was meant for the button that was here before.
   * @param {string} label
   * @param {() => void} run
   */
  #button(label, run) {
    const onclick = (/** @type {MouseEvent} */ event) => event.detail > 1 || run();
    return h("button", { class: "link", type: "button", onclick }, label, spoken(` ${this.job.file.name}`));
  }
}

/** @param {UploadJob} job */
function costInWords({ stage, cost }) {
  if (["failed", "refused", "stopped"].includes(stage)) return t("file.not_charged");
  return typeof cost === "number" ? t("credits", { n: cost }) : "";
}

/** @param {UploadJob} job */
function actionsOf({ stage }) {
  switch (stage) {
    case "queued":
    case "starting":
    case "uploading":
      return ["cancel"];
    case "processing":
      return [];
    case "done":
      return ["download"];
    case "interrupted":
    case "stopped":
      return ["retry", "remove"];
    default:
      return ["remove"];
  }
}
