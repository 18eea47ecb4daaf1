import { openStore } from "../store/checkout.js";
import { gem, h } from "../lib/dom.js";
import { featureCost } from "../store/feature-cost.js";
import { downloadLinks } from "./file-downloads.js";
import { summaryAtLength, summaryLine } from "./file-summary.js";
import { remedy, workProblem } from "./file-words.js";
import { formatSize } from "../lib/measures.js";
import { formatPercent } from "../lib/money.js";
import { notice } from "../lib/notice.js";
import { readingProblem } from "../lib/problems.js";
import { t } from "../lib/texts.js";
import { quote, stageInWords } from "./upload-words.js";
import { wallet } from "../credits/wallet.js";

/** @typedef {import("./upload-job.js").UploadJob} UploadJob */

/** One upload, from what it will cost to what came of it. Tells by "upload:over" that there is room for another. */
export class UploadCard extends HTMLElement {
  /** @type {UploadJob | null} */
  #job = null;
  /** @type {number | null} */
  #cost = null;
  #showing = new AbortController();
  #title = h("h2", { class: "upload__name", tabindex: "-1" });
  #about = h("p", { class: "upload__about" });
  #said = h("p", { class: "upload__said" });
  #why = h("p", { class: "upload__why" });
  #body = h("div", { class: "upload__body" });
  #actions = h("p", { class: "actions" });
  #quote = h("p", { class: "upload__quote" });
  #bar = h("progress", { class: "upload__bar", max: "1", "aria-label": t("upload") });
  #share = h("span", { class: "upload__share", "aria-hidden": "true" });

  connectedCallback() {
    const announced = h("div", { class: "upload__announced", role: "status" }, this.#said, this.#why);
    this.replaceChildren(this.#title, this.#about, announced, this.#body, this.#actions);
    wallet.addEventListener("change", () => this.#showQuote());
  }

  /** Shows an upload in place of another. @param {UploadJob} job */
  show(job) {
    this.#showing.abort();
    this.#showing = new AbortController();
    const { signal } = this.#showing;
    this.#job = job;
    this.#title.textContent = job.file.name;
    this.#about.textContent = `${job.kind.name} · ${formatSize(job.file.size)}`;
    job.addEventListener("change", () => this.#render(), { signal });
    job.addEventListener("progress", () => this.#showProgress(), { signal });
    this.#render();
    this.#learnCost();
  }

  focusTitle() {
    this.#title.focus();
  }

  #render() {
    const job = /** @type {UploadJob} */ (this.#job);
    const hadFocus = this.contains(document.activeElement);
    this.dataset.stage = job.stage;
    this.#said.textContent = stageInWords(job);
    this.#why.textContent = explanation(job);
    this.#showProgress();
    this.#body.replaceChildren(...this.#content(job));
    this.#actions.replaceChildren(...this.#choices(job));
    // The button just pressed may be gone: reading goes on at the top of the card.
    if (hadFocus && !this.contains(document.activeElement)) this.focusTitle();
  }

  /** @param {UploadJob} job @returns {(Node | string)[]} */
  #content({ stage, result }) {
    switch (stage) {
      case "chosen":
      case "waiting":
        return [this.#quote];
      case "starting":
      case "uploading":
      case "processing":
        return [h("div", { class: "upload__progress" }, this.#bar, this.#share)];
      case "done":
        return result ? this.#product(result) : [];
      default:
        return [];
    }
  }

  /** What came of it, and what it cost. @param {import("./files-api.js").OwnFile} file */
  #product(file) {
    const balance = /** @type {UploadJob} */ (this.#job).balance;
    const paid = t("upload.paid", { credits: t("credits", { n: file.credits }), n: balance ?? 0 });
    const parts = [
      h("p", { class: "upload__paid" }, gem(), " ", paid),
      h("p", { class: "upload__summary" }, summaryLine(file.summary)),
      summaryAtLength(file.summary),
      downloadLinks(file),
    ];
    return parts.filter((part) => part !== null);
  }

  /** @param {UploadJob} job @returns {HTMLElement[]} */
  #choices(job) {
    const run = (/** @type {string} */ label) => button(label, () => job.run());
    const another = (label = t("upload.choose_another")) => quiet(label, () => this.#over());
    switch (job.stage) {
      case "chosen":
        return this.#cost === null
          ? [another()]
          : [run(t("upload.for", { n: this.#cost })), another()];
      case "waiting":
        return [run(t("go_on")), another(t("upload.forget"))];
      case "starting":
      case "uploading":
        return [quiet(t("upload.stop"), () => job.stop())];
      case "processing":
        return [];
      case "short":
        return [
          button(t("get_credits"), () => openStore({ reason: job.shortageOf(quoted(job)) })),
          quiet(t("try_again"), () => job.run()),
          another(t("upload.forget")),
        ];
      case "interrupted":
        return [run(t("try_again")), another(t("upload.forget"))];
      case "stopped":
        return [run(t("go_on")), another(t("upload.cancel"))];
      default:
        return [button(next(job), () => this.#over())];
    }
  }

  async #learnCost() {
    const job = this.#job;
    this.#cost = null;
    this.#quote.replaceChildren(h("span", {}, t("upload.looking_up")));
    try {
      const cost = await featureCost(job?.kind.feature ?? "");
      if (job !== this.#job) return;
      this.#cost = cost;
      if (cost === null) return this.#quote.replaceChildren(t("upload.kind_off"));
    } catch (error) {
      if (job !== this.#job) return;
      const action = { label: t("try_again"), run: () => this.#learnCost() };
      const text = `${readingProblem(error)} ${t("upload.cost_missing")}`;
      return this.#quote.replaceChildren(notice(text, { action }));
    }
    this.#showQuote();
    if (job) this.#actions.replaceChildren(...this.#choices(job));
  }

  #showQuote() {
    if (this.#cost === null) return;
    const after = wallet.balance === null ? "" : ` · ${quote(this.#cost, wallet.available)}`;
    this.#quote.replaceChildren(gem(), " ", h("strong", {}, t("credits", { n: this.#cost })), after);
  }

  /** Only a transfer has a share that is done; what comes before and after it just takes its time. */
  #showProgress() {
    const { stage, progress } = /** @type {UploadJob} */ (this.#job);
    if (stage === "uploading") this.#bar.value = progress;
    else this.#bar.removeAttribute("value");
    this.#share.textContent = stage === "uploading" ? formatPercent(Math.floor(progress * 100)) : "";
  }

  #over() {
    this.#job?.drop();
    this.dispatchEvent(new Event("upload:over"));
  }
}

/** @param {UploadJob} job */
const quoted = (job) => t("file.quoted", { name: job.file.name });

/** @param {UploadJob} job */
const next = ({ stage }) => t(stage === "done" ? "upload.another" : "upload.choose_another");

/** Why it is where it is, if that needs a reason. @param {UploadJob} job */
function explanation(job) {
  if (job.stage === "failed") return job.result ? remedy(job.result) : "";
  if (job.stage === "short") return job.shortageOf(t("short.it"));
  return job.error ? workProblem(job.error) : "";
}

/**
 * A button of the card. The second click of a double click was meant for the button that was here before.
 * @param {string} label
 * @param {() => void} run
 */
function button(label, run, style = "button") {
  const onclick = (/** @type {MouseEvent} */ event) => event.detail > 1 || run();
  return h("button", { class: style, type: "button", onclick }, label);
}

/** @param {string} label @param {() => void} run */
const quiet = (label, run) => button(label, run, "button button--quiet");

customElements.define("upload-card", UploadCard);
