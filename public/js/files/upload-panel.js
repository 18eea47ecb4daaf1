import { openStore } from "../store/checkout.js";
import { arrange, h } from "../lib/dom.js";
import { notice } from "../lib/notice.js";
import { readingProblem } from "../lib/problems.js";
import { t } from "../lib/texts.js";
import { isOver } from "./upload-plan.js";
import { uploads } from "./upload-queue.js";
import { UploadRow } from "./upload-row.js";
import { shortageOf } from "./upload-words.js";
import { wallet } from "../credits/wallet.js";

/** @typedef {import("./upload-job.js").UploadJob} UploadJob */

/** Stages that are told to those who listen. The others come and go, or answer a press. */
const TOLD = ["done", "failed", "refused", "short", "interrupted", "stopped"];

/** The queue of uploads: what it costs, a row each, and what came of them. */
export class UploadPanel extends HTMLElement {
  #title = h("h2", { class: "queue__title", id: "queue-title", tabindex: "-1" }, t("queue"));
  #sum = h("p", { class: "queue__sum" });
  #short = h("p", { class: "queue__short" });
  #problem = h("div", { class: "queue__problem" });
  #told = h("p", { class: "visually-hidden", role: "status" });
  #actions = h("p", { class: "queue__actions" });
  #list = h("ol", { class: "queue__list", role: "list", "aria-labelledby": "queue-title" });
  /** @type {Map<UploadJob, UploadRow>} */
  #rows = new Map();
  #shown = "";

  connectedCallback() {
    const head = h("div", { class: "queue__said" }, this.#title, this.#sum, this.#short);
    this.replaceChildren(
      h("div", { class: "queue__head" }, head, this.#actions),
      this.#problem,
      this.#told,
      this.#list,
    );
    uploads.addEventListener("change", () => this.#render());
    this.#render();
  }

  focusTitle() {
    this.#title.focus();
  }

  #render() {
    const { jobs } = uploads;
    const isShown = jobs.length > 0;
    const hadFocus = this.contains(document.activeElement);
    this.hidden = !isShown;
    const plan = uploads.plan;
    for (const job of this.#rows.keys()) if (!jobs.includes(job)) this.#rows.delete(job);
    for (const job of jobs) this.#row(job).show(!plan.short.includes(job));
    arrange(
      this.#list,
      jobs.map((job) => this.#row(job).element),
    );
    this.#showSum(plan);
    this.#showPrices(plan);
    this.#showActions(plan);
    if (!isShown && hadFocus) this.dispatchEvent(new Event("queue:empty"));
    else if (hadFocus && !this.contains(document.activeElement)) this.focusTitle();
  }

  /** @param {UploadJob} job */
  #row(job) {
    let row = this.#rows.get(job);
    if (row) return row;
    const onRetry = () => uploads.start([job]);
    const onRemove = () => this.#remove(job);
    row = new UploadRow(job, { onRetry, onRemove });
    this.#rows.set(job, row);
    const made = row;
    job.addEventListener("change", () => {
      if (TOLD.includes(job.stage)) this.#told.textContent = made.sentence;
    });
    return row;
  }

  /** The keyboard goes on at the row that takes the place. @param {UploadJob} job */
  #remove(job) {
    const place = uploads.jobs.indexOf(job);
    uploads.remove(job);
    const next = uploads.jobs[place] ?? uploads.jobs.at(-1);
    if (next) this.#row(next).element.focus();
  }

  /** @param {ReturnType<typeof import("./upload-plan.js").plan>} plan */
  #showSum(plan) {
    const parts = [];
    const { jobs, isBusy } = uploads;
    const done = jobs.filter(({ stage }) => stage === "done");
    if (isBusy) parts.push(t("queue.progress", { done: jobs.filter(isOver).length, n: jobs.length }));
    if (plan.isPriced && plan.ready.length) parts.push(...offer(plan));
    else if (plan.isPriced && plan.short.length)
      parts.push(t("files", { n: plan.short.length }), t("credits", { n: plan.required }));
    else if (!isBusy) parts.push(outcome(done));
    this.#sum.textContent = parts.join(" · ");
    this.#short.textContent = plan.short.length ? shortSentence(plan) : "";
  }

  /** @param {ReturnType<typeof import("./upload-plan.js").plan>} plan */
  #showPrices({ isPriced }) {
    const { pricesError } = uploads;
    const isMissing = !isPriced && pricesError !== null;
    if (isMissing === this.#problem.hasChildNodes()) return;
    const action = { label: t("try_again"), run: () => uploads.loadPrices() };
    const said = isMissing && `${readingProblem(/** @type {any} */ (pricesError))} ${t("upload.cost_missing")}`;
    this.#problem.replaceChildren(...(said ? [notice(said, { action })] : []));
  }

  /** @param {ReturnType<typeof import("./upload-plan.js").plan>} plan */
  #showActions({ ready, short, total, isPriced }) {
    const { jobs, isBusy } = uploads;
    const buttons = [];
    if (isPriced && ready.length)
      buttons.push({ label: startLabel(ready.length, total), run: () => uploads.start(uploads.plan.ready) });
    if (short.length)
      buttons.push({ label: t("get_credits"), run: getCredits, isQuiet: ready.length > 0 });
    if (isBusy && jobs.length > 1)
      buttons.push({ label: t("queue.cancel_all"), run: () => uploads.cancelAll(), isQuiet: true });
    if (!isBusy && jobs.some(isOver))
      buttons.push({ label: t("queue.clear"), run: () => uploads.clear(), isQuiet: true });
    const shown = JSON.stringify(buttons);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#actions.replaceChildren(...buttons.map(button));
  }
}

/** Opens the store for what cannot be paid yet. It goes on from here, or after the payment. */
async function getCredits() {
  const { ready, short, required } = uploads.plan;
  const jobs = [...ready, ...short];
  await Promise.all(jobs.map(({ keeping }) => keeping));
  openStore({ reason: shortageOf(jobs, { required, available: wallet.available }) });
}

/** What the ready cost, and what that leaves. @param {ReturnType<typeof import("./upload-plan.js").plan>} plan */
function offer({ ready, total, left }) {
  const what = [t("files", { n: ready.length }), t("credits", { n: total })];
  return left === null ? what : [...what, t("upload.leaves", { left, n: left + total })];
}

/** @param {ReturnType<typeof import("./upload-plan.js").plan>} plan */
function shortSentence({ short, missing }) {
  return t("queue.short", { files: t("files", { n: short.length }), n: missing });
}

/** @param {UploadJob[]} done */
function outcome(done) {
  if (!done.length) return t("queue.none_done");
  const credits = done.reduce((sum, { result }) => sum + (result?.credits ?? 0), 0);
  const parts = [t("queue.done", { n: done.length }), t("credits", { n: credits })];
  if (wallet.balance !== null) parts.push(t("queue.balance", { n: wallet.balance }));
  return parts.join(" · ");
}

/** @param {number} count @param {number} total */
function startLabel(count, total) {
  if (count === 1) return t("upload.for", { n: total });
  return t("upload.all_for", { files: t("files", { n: count }), credits: t("credits", { n: total }) });
}

/**
 * A button of the queue. The second click of a double click was meant for the button that was here before.
 * @param {{ label: string, run: () => void, isQuiet?: boolean }} about
 */
function button({ label, run, isQuiet }) {
  const onclick = (/** @type {MouseEvent} */ event) => event.detail > 1 || run();
  return h("button", { class: isQuiet ? "button button--quiet" : "button", type: "button", onclick }, label);
}

customElements.define("upload-panel", UploadPanel);
