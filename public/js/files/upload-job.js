import { shelf } from "./file-shelf.js";
import { isRefusal, shortage } from "./file-words.js";
import { completeFile, createFile, deleteFile, newKey } from "./files-api.js";
import { RequestError } from "../lib/http.js";
import { forget, keep } from "../store/kept-work.js";
import { t } from "../lib/texts.js";
import { upload } from "./upload.js";
import { wallet } from "../credits/wallet.js";

/**
 * @typedef {"chosen" | "waiting" | "starting" | "uploading" | "processing" | "done" | "failed" | "refused"
 *   | "short" | "interrupted" | "stopped"} Stage
 */

const ASK_AGAIN_AFTER_SECONDS = 2;
const MOST_QUESTIONS = 60;
const OVER = ["failed", "expired"];

/**
 * One file's way from this device to its result: credits are set aside, the file goes to storage, is
 * processed, and only then paid for. Every step may be taken again under the same key, so going on after
 * an interruption, a reload or a payment is the same as beginning. Tells of each move by "change".
 */
export class UploadJob extends EventTarget {
  /** How much of the file has arrived, 0 to 1. */
  progress = 0;
  /** Whether the browser keeps the file, should this page go away. */
  isKept = false;
  /** @type {import("./files-api.js").OwnFile | null} */
  result = null;
  /** @type {number | null} */
  balance = null;
  /** @type {RequestError | null} */
  error = null;
  #stopping = new AbortController();
  /** The file that waits for its upload, while there is one. @type {string | null} */
  #awaited = null;

  /**
   * @param {{ userId: string, file: File, kind: import("./file-kinds.js").FileKind, key?: string,
   *   stage?: "chosen" | "waiting" }} about  key and stage of one that waited here
   */
  constructor({ userId, file, kind, key = newKey(), stage = "chosen" }) {
    super();
    this.file = file;
    this.kind = kind;
    /** @type {Stage} */
    this.stage = stage;
    this.userId = userId;
    this.key = key;
  }

  get isAtWork() {
    return ["starting", "uploading", "processing"].includes(this.stage);
  }

  /** Why it cannot go on without more credits. @param {string} name what it is called there */
  shortageOf(name) {
    const meanwhile = t(this.isKept ? "short.waits" : "short.cannot_wait");
    return shortage(name, this.error ?? { details: {} }, meanwhile);
  }

  /** Takes it as far as it goes. Never throws: a failure is a stage. */
  async run() {
    if (this.isAtWork) return;
    this.#stopping = new AbortController();
    Object.assign(this, { error: null, progress: 0 });
    this.#move("starting");
    const keeping = this.#keep();
    try {
      await this.#checkReadable();
      const { file, upload: target } = await this.#begin();
      this.#awaited = file.status === "awaiting_upload" ? file.id : null;
      if (this.#awaited && target) await this.#upload(target);
      this.#awaited = null;
      this.#move("processing");
      await this.#finish(await this.#complete(file.id));
    } catch (error) {
      this.isKept = await keeping;
      await this.#fail(error);
    }
  }

  /** Lets go of the upload; what was set aside comes back by itself. */
  stop() {
    this.#stopping.abort();
  }

  /**
   * Forgets the file, here and for later, and frees the credits that an unfinished upload holds. If that
   * does not succeed, the hold lapses by itself.
   */
  async drop() {
    this.stop();
    await forget(this.userId, "upload");
    if (!this.#awaited) return;
    const id = this.#awaited;
    this.#awaited = null;
    await deleteFile(id).then(
      () => shelf.remove(id),
      () => shelf.load(),
    );
    wallet.load();
  }

  #keep() {
    return keep({ userId: this.userId, kind: "upload", key: this.key, file: this.file });
  }

  /** A file that was changed or moved since it was chosen cannot be read any more. */
  async #checkReadable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      throw new RequestError({ status: 400, code: "unreadable" });
    }
  }

  /** What was begun under this key and is over, lapsed or failed, is begun anew under another. */
  async #begin() {
    const about = {
      feature: this.kind.feature,
      filename: this.file.name,
      size: this.file.size,
      content_type: this.kind.contentType,
    };
    const begun = await createFile(about, this.key).catch((error) => {
      if (error.code !== "upload_expired") throw error;
      return null;
    });
    this.#heed();
    if (begun && !OVER.includes(begun.file.status)) return begun;
    this.key = newKey();
    await this.#keep();
    return createFile(about, this.key);
  }

  /** @param {import("./files-api.js").UploadTarget} target */
  async #upload(target) {
    this.#heed();
    this.#move("uploading");
    await upload(target, this.file, {
      signal: this.#stopping.signal,
      onProgress: (share) => {
        this.progress = share;
        this.dispatchEvent(new Event("progress"));
      },
    });
    this.#heed();
  }

  /** Another tab, or an earlier try, may be having it processed: then this waits for its answer. @param {string} id */
  async #complete(id) {
    for (let questions = 1; ; questions += 1) {
      try {
        return await completeFile(id);
      } catch (error) {
        if (error.code !== "file_processing" || questions === MOST_QUESTIONS) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_AFTER_SECONDS * 1000));
      this.#heed();
    }
  }

  /** @param {{ file: import("./files-api.js").OwnFile, balance: number }} answer */
  async #finish({ file, balance }) {
    this.#heed();
    await forget(this.userId, "upload");
    Object.assign(this, { result: file, balance });
    shelf.put(file);
    wallet.load();
    this.#move(file.status === "done" ? "done" : "failed");
  }

  /** @param {RequestError} error */
  async #fail(error) {
    if (this.#stopping.signal.aborted) return this.#move("stopped");
    this.error = error;
    wallet.load();
    shelf.load();
    if (error.status === 402) return this.#move("short");
    if (!isRefusal(error)) return this.#move("interrupted");
    await forget(this.userId, "upload");
    this.#move("refused");
  }

  /** Goes no further once it was told to stop. */
  #heed() {
    this.#stopping.signal.throwIfAborted();
  }

  /** @param {Stage} stage */
  #move(stage) {
    this.stage = stage;
    this.dispatchEvent(new Event("change"));
  }
}
