import { shelf } from "./file-shelf.js";
import { isRefusal } from "./file-words.js";
import { completeFile, createFile, deleteFile, newKey } from "./files-api.js";
import { RequestError } from "../lib/http.js";
import { forget, keep } from "../store/kept-work.js";
import { upload } from "./upload.js";
import { ifIdle, inTurn } from "./upload-lock.js";
import { isAtWork } from "./upload-plan.js";
import { wallet } from "../credits/wallet.js";

/** @typedef {import("./upload-plan.js").Stage} Stage */

const ASK_AGAIN_AFTER_SECONDS = 2;
const MOST_QUESTIONS = 60;
/** Another tab, or an earlier try, has it read; or two other files of this person are being read. */
const PASSING = ["file_processing", "busy"];
const OVER = ["failed", "expired"];

/**
 * One file's way from this device to its result: credits are set aside, the file goes to storage, is
 * processed, and only then paid for. Every step may be taken again under the same key, so going on after
 * an interruption, a reload or a payment is the same as beginning. Tells of each move by "change".
 */
export class UploadJob extends EventTarget {
  /** How much of the file has arrived, 0 to 1. */
  progress = 0;
  /** What it costs in credits: undefined until that is known, null if this kind is not offered. @type {number | null | undefined} */
  cost = undefined;
  /** Whether the browser keeps the file, should this page go away. */
  isKept = false;
  /** @type {import("./files-api.js").OwnFile | null} */
  result = null;
  /** @type {RequestError | null} */
  error = null;
  #stopping = new AbortController();
  /** @type {Promise<unknown>} */
  #running = Promise.resolve();
  /** @type {Promise<unknown>} */
  #keeping = Promise.resolve();
  /** The file that waits for its upload, while there is one. @type {string | null} */
  #awaited = null;

  /**
   * @param {{ userId: string, file: File, kind: import("./file-kinds.js").FileKind, at: number, key?: string,
   *   fileId?: string | null, stage?: "chosen" | "waiting" }} about  at: when it was chosen, in ms since 1970;
   *   key, fileId and stage of one that waited here
   */
  constructor({ userId, file, kind, at, key = newKey(), fileId = null, stage = "chosen" }) {
    super();
    this.file = file;
    this.kind = kind;
    /** @type {Stage} */
    this.stage = stage;
    this.userId = userId;
    this.at = at;
    this.key = key;
    /** The file on the server that was begun for it. */
    this.fileId = fileId;
  }

  /** Whether its credits are set aside and its upload is still waited for. */
  get isHeld() {
    return this.#waitingId !== null;
  }

  get #waitingId() {
    if (this.#awaited) return this.#awaited;
    const waits = shelf.files.some(({ id, status }) => id === this.fileId && status === "awaiting_upload");
    return waits ? this.fileId : null;
  }

  /** Has the browser keep the file, for when this page goes away. */
  keep() {
    const { userId, key, at, file, fileId } = this;
    this.#keeping = this.#keeping
      .then(() => keep({ userId, kind: "upload", key, at, file, fileId }))
      .then((isKept) => (this.isKept = isKept));
    return this.#keeping;
  }

  /** Settles when it is known whether the browser keeps the file. */
  get keeping() {
    return this.#keeping;
  }

  /** Lets it wait for its turn. */
  enqueue() {
    this.#move("queued");
  }

  /** Takes it as far as it goes. Never throws: a failure is a stage. */
  async run() {
    if (isAtWork(this)) return;
    this.#stopping = new AbortController();
    Object.assign(this, { error: null, progress: 0 });
    this.#move("starting");
    // An upload that was just cancelled is deleted on the server first: under its key, that would end this one.
    const { signal } = this.#stopping;
    this.#running = this.#running
      .then(() => inTurn(this, signal, () => this.#go()))
      .catch(() => this.#move("stopped"));
    await this.#running;
  }

  /** Goes no further, and asks nothing of the server: for when somebody else is here now. */
  stop() {
    this.#stopping.abort();
  }

  /** Ends the upload and frees the credits that it holds. It can be begun again. */
  async cancel() {
    this.stop();
    if (!isAtWork(this)) this.#move("stopped");
    this.#running = this.#running.then(() => ifIdle(this, () => this.#free()));
    await this.#running;
  }

  /** Forgets the file, here and for later, and frees the credits that its upload holds; not if another tab uploads it. */
  async drop() {
    this.stop();
    await this.#running;
    await ifIdle(this, async () => {
      await this.#forget();
      await this.#free();
    });
  }

  async #go() {
    try {
      await this.#checkReadable();
      const { file, upload: target } = await this.#begin();
      if (this.#awaited && target) await this.#upload(target);
      this.#awaited = null;
      this.#move("processing");
      await this.#finish(await this.#complete(file.id));
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** If this does not succeed, the hold lapses by itself. */
  async #free() {
    const id = this.#waitingId;
    if (!id) return;
    this.#awaited = null;
    await deleteFile(id).then(
      () => shelf.remove(id),
      () => shelf.load(),
    );
    wallet.load();
  }

  async #forget() {
    await this.#keeping;
    await forget(this.userId, "upload", this.key);
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
    const begun = await this.#create().catch((error) => {
      if (error.code !== "upload_expired") throw error;
      return null;
    });
    this.#heed();
    if (begun && !OVER.includes(begun.file.status)) return begun;
    await this.#forget();
    this.key = newKey();
    return this.#create();
  }

  async #create() {
    const about = {
      feature: this.kind.feature,
      filename: this.file.name,
      size: this.file.size,
      content_type: this.kind.contentType,
    };
    this.#heed();
    const begun = await createFile(about, this.key);
    this.fileId = begun.file.id;
    this.#awaited = begun.file.status === "awaiting_upload" ? begun.file.id : null;
    this.#heed();
    this.keep();
    return begun;
  }

  /** @param {import("./files-api.js").UploadTarget} target */
  async #upload(target) {
    this.#heed();
    this.#move("uploading");
    // What is set aside is no longer free.
    wallet.load();
    await upload(target, this.file, {
      signal: this.#stopping.signal,
      onProgress: (share) => {
        this.progress = share;
        this.dispatchEvent(new Event("progress"));
      },
    });
    this.#heed();
  }

  /** @param {string} id */
  async #complete(id) {
    for (let questions = 1; ; questions += 1) {
      try {
        return await completeFile(id);
      } catch (error) {
        if (!PASSING.includes(error.code) || questions === MOST_QUESTIONS) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_AFTER_SECONDS * 1000));
      this.#heed();
    }
  }

  /** @param {{ file: import("./files-api.js").OwnFile }} answer */
  async #finish({ file }) {
    this.#heed();
    await this.#forget();
    this.result = file;
    this.#move(file.status === "done" ? "done" : "failed");
    shelf.put(file);
    wallet.load();
  }

  /** @param {RequestError} error */
  async #fail(error) {
    if (this.#stopping.signal.aborted) return this.#move("stopped");
    this.error = error;
    wallet.load();
    shelf.load();
    if (error.status === 402) return this.#move("short");
    if (!isRefusal(error)) return this.#move("interrupted");
    await this.#forget();
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
