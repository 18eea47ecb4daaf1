import { kindOf } from "./file-kinds.js";
import { shelf } from "./file-shelf.js";
import { forget, recall } from "../store/kept-work.js";
import { loadCatalogue } from "../store/catalogue.js";
import { session } from "../session/session.js";
import { troubleWith } from "./upload-checks.js";
import { UploadJob } from "./upload-job.js";
import { isIdle } from "./upload-lock.js";
import { isGoing, isOver, isStartable, nextToStart, plan } from "./upload-plan.js";
import { wallet } from "../credits/wallet.js";

/** Files that are on their way into one's list, in the order they were chosen. Tells of each move by "change". */
class UploadQueue extends EventTarget {
  /** @type {UploadJob[]} */
  jobs = [];
  /** Why the prices are not known, if they could not be read. @type {import("../lib/http.js").RequestError | null} */
  pricesError = null;
  /** @type {Map<string, number> | null} */
  #prices = null;

  constructor() {
    super();
    session.addEventListener("change", () => this.#clear());
    wallet.addEventListener("change", () => this.#tell());
    document.addEventListener("catalogue:loaded", () => this.loadPrices());
    // The links of a deleted file lead nowhere.
    shelf.addEventListener("removed", (event) => {
      const { id } = /** @type {CustomEvent} */ (event).detail;
      this.#without((job) => job.result?.id === id);
    });
    shelf.addEventListener("change", () => this.#leaveToTheList());
    addEventListener("pageshow", ({ persisted }) => persisted && this.#dropWhatIsOver());
  }

  /** Whether uploads are under way, or wait for their turn. */
  get isBusy() {
    return this.jobs.some(isGoing);
  }

  /** What could start, and what it costs. */
  get plan() {
    return plan(this.jobs, wallet.balance === null ? null : wallet.available);
  }

  /** Whether it shows a file of the list, that is still on its way. @param {import("./file-shelf.js").OwnFile} file */
  shows({ id, status }) {
    return (
      (status === "awaiting_upload" || status === "processing") &&
      this.jobs.some((job) => job.fileId === id && !isOver(job))
    );
  }

  /**
   * Takes files in, except those that cannot be uploaded. Those of an earlier turn that are over make room.
   * @param {File[]} files
   * @returns {{ taken: UploadJob[], refused: { file: File, trouble: string }[] }} trouble: a text's key
   */
  add(files) {
    const { user } = session;
    /** @type {UploadJob[]} */
    const taken = [];
    /** @type {{ file: File, trouble: string }[]} */
    const refused = [];
    if (!user) return { taken, refused };
    if (this.jobs.every(isOver)) this.clear();
    for (const file of files) {
      const kind = kindOf(file.name);
      const maxBytes = shelf.maxBytes?.[kind?.feature ?? ""];
      const waiting = [...this.jobs, ...taken].filter((job) => !isOver(job));
      const trouble = troubleWith(file, { kind, maxBytes, queued: waiting.map((job) => job.file) });
      if (trouble || !kind) refused.push({ file, trouble: trouble ?? "drop.kinds" });
      else taken.push(new UploadJob({ userId: user.id, file, kind, at: Date.now() + taken.length }));
    }
    this.#take(taken);
    for (const job of taken) job.keep();
    return { taken, refused };
  }

  /** Takes up uploads that were kept here, except those of another tab. @param {import("../store/kept-work.js").KeptWork[]} works */
  async resume(works) {
    const areIdle = await Promise.all(works.map(isIdle));
    const idle = works.filter(({ userId }, index) => areIdle[index] && userId === session.user?.id);
    const known = new Set(this.jobs.map(({ key }) => key));
    const jobs = idle.flatMap(({ userId, key, at, file, fileId }) => {
      const kind = file && kindOf(file.name);
      if (!file || !kind || known.has(key)) return [];
      const job = new UploadJob({ userId, file, kind, key, at, fileId, stage: "waiting" });
      job.isKept = true;
      return [job];
    });
    this.#take(jobs);
  }

  /** Starts these, two at a time. One that fails does not hold up the others. @param {UploadJob[]} jobs */
  start(jobs) {
    for (const job of jobs) if (!isGoing(job)) job.enqueue();
    this.#runNext();
  }

  /** Ends what is under way or waits for its turn, except what is being read already. */
  cancelAll() {
    const going = this.jobs.filter((job) => isGoing(job) && job.stage !== "processing");
    // Those that wait for their turn first, so that none of them gets it.
    for (const job of going.toReversed()) job.cancel();
  }

  /** @param {UploadJob} job */
  remove(job) {
    this.#without((other) => other === job);
    job.drop();
  }

  /** Takes off what is over. */
  clear() {
    for (const job of this.jobs.filter(isOver)) if (job.stage === "stopped") job.drop();
    this.#without(isOver);
  }

  /** Learns what each costs. Never throws: a failure is a state. */
  async loadPrices() {
    this.pricesError = null;
    try {
      const { features } = await loadCatalogue();
      this.#prices = new Map(features.map(({ id, credits }) => [id, credits]));
      this.#price(this.jobs);
    } catch (error) {
      this.pricesError = error;
    }
    this.#tell();
  }

  /** @param {UploadJob[]} jobs */
  #take(jobs) {
    for (const job of jobs) job.addEventListener("change", () => this.#tell());
    this.jobs = [...this.jobs, ...jobs];
    this.#price(jobs);
    if (jobs.length && !this.#prices) this.loadPrices();
    this.#tell();
  }

  /** @param {UploadJob[]} jobs */
  #price(jobs) {
    if (!this.#prices) return;
    for (const job of jobs) job.cost = this.#prices.get(job.kind.feature) ?? null;
  }

  #runNext() {
    for (const job of nextToStart(this.jobs)) job.run().then(() => this.#runNext());
  }

  /** What was kept here, and meanwhile is done, is in the list. */
  #leaveToTheList() {
    const done = new Set(shelf.files.filter(({ status }) => status === "done").map(({ id }) => id));
    const ended = this.jobs.filter(({ stage, fileId }) => stage === "waiting" && done.has(fileId ?? ""));
    for (const { userId, key } of ended) forget(userId, "upload", key);
    if (ended.length) this.#without((job) => ended.includes(job));
  }

  /** A page that comes back by the back button knows nothing of what another uploaded or removed since. */
  async #dropWhatIsOver() {
    const kept = new Set((await recall(session.user?.id ?? "")).map(({ key }) => key));
    this.#without((job) => isStartable(job) && job.isKept && !kept.has(job.key));
  }

  #clear() {
    for (const job of this.jobs) job.stop();
    this.#without(() => true);
  }

  /** @param {(job: UploadJob) => boolean} isGone */
  #without(isGone) {
    const left = this.jobs.filter((job) => !isGone(job));
    if (left.length === this.jobs.length) return;
    this.jobs = left;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

export const uploads = new UploadQueue();
