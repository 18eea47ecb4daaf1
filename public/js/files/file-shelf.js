import { getFiles } from "./files-api.js";
import { withOlderPages } from "../lib/older-pages.js";
import { session } from "../session/session.js";

/** @typedef {import("./files-api.js").OwnFile} OwnFile */

const PAGE_SIZE = 20;
const LARGEST_PAGE = 100;
/** Well before the addresses for downloading run out. */
const STALE_AFTER_SECONDS = 5 * 60;
const LOOK_AGAIN_AFTER_SECONDS = 5;
const LOOKS = 24;

/** The one place on a page that knows one's files. Whoever shows them listens for "change". */
class FileShelf extends EventTarget {
  /** @type {"loading" | "ready" | "failed"} */
  status = "loading";
  /** Newest first. @type {OwnFile[]} */
  files = [];
  /** @type {string | null} */
  nextCursor = null;
  /** The largest file that each feature takes, once the server has said it. @type {Record<string, number> | null} */
  maxBytes = null;
  /** @type {import("../lib/http.js").RequestError | null} */
  error = null;
  /** As in the wallet: counts questions about the newest files. */
  #asked = 0;
  /** The newest question whose answer counts. An answer to an older one, or about somebody else, is dropped. */
  #taken = 0;
  /** The last question before a file was put here: its answer may not know that file yet. */
  #outdated = 0;
  /** An answer that is on its way may still have them. @type {Set<string>} */
  #removed = new Set();
  #readAt = 0;
  #looks = 0;
  #timer = 0;

  constructor() {
    super();
    session.addEventListener("change", () => {
      this.#taken = this.#asked;
      Object.assign(this, { status: "loading", files: [], nextCursor: null, error: null });
      this.#tell();
    });
    const freshen = () => !document.hidden && this.isStale && this.load();
    addEventListener("pageshow", ({ persisted }) => (persisted ? this.load() : freshen()));
    document.addEventListener("visibilitychange", freshen);
  }

  /** Reads the newest page, or as many as are shown. Never throws: a failure is a state. */
  async load() {
    if (!session.user) return;
    this.error = null;
    this.#tell();
    const asked = ++this.#asked;
    try {
      const limit = Math.min(Math.max(PAGE_SIZE, this.files.length), LARGEST_PAGE);
      const answer = await getFiles({ limit });
      if (asked <= this.#taken) return;
      if (asked > this.#outdated) this.#takeNewest(this.#withOlderPages(answer), asked);
      else if (asked === this.#asked) await this.load();
    } catch (error) {
      if (asked <= this.#taken) return;
      Object.assign(this, { error, status: this.files.length ? "ready" : "failed" });
      this.#tell();
    }
  }

  /** Adds the next page; throws what went wrong. */
  async loadMore() {
    if (!this.nextCursor) return;
    const cursor = this.nextCursor;
    const answer = await getFiles({ limit: PAGE_SIZE, cursor });
    // The list ends elsewhere by now: it is another person's, or has this page already.
    if (cursor !== this.nextCursor) return;
    const known = new Set(this.files.map(({ id }) => id));
    this.#take({ ...answer, files: [...this.files, ...answer.files.filter(({ id }) => !known.has(id))] });
  }

  /**
   * Where a product of a file is, by an address that still holds; null if it is not known any more.
   * @param {string} id
   * @param {string} name
   */
  async addressOf(id, name) {
    await this.load();
    const file = this.files.find((each) => each.id === id);
    return file?.downloads.find((download) => download.name === name)?.url ?? null;
  }

  /** Puts a file where it belongs: in its own place, or on top as the newest. @param {OwnFile} file */
  put(file) {
    const isKnown = this.files.some(({ id }) => id === file.id);
    this.#outdated = this.#asked;
    this.files = isKnown
      ? this.files.map((other) => (other.id === file.id ? file : other))
      : [file, ...this.files];
    this.#tell();
  }

  /** Takes a file that was deleted off the list. Tells of it by "removed", with the id. @param {string} id */
  remove(id) {
    this.#removed.add(id);
    this.files = this.files.filter((file) => file.id !== id);
    this.#tell();
    this.dispatchEvent(new CustomEvent("removed", { detail: { id } }));
  }

  /** @param {import("./files-api.js").FilePage} answer @param {number} asked */
  #takeNewest(answer, asked) {
    this.#taken = asked;
    this.#readAt = Date.now();
    this.#take(answer);
  }

  /** @param {import("./files-api.js").FilePage} answer */
  #take({ files: all, next_cursor: nextCursor, max_bytes: maxBytes }) {
    const files = all.filter(({ id }) => !this.#removed.has(id));
    Object.assign(this, { status: "ready", error: null, files, nextCursor, maxBytes });
    this.#tell();
    this.#lookAgainIfAtWork();
  }

  /** @param {import("./files-api.js").FilePage} answer */
  #withOlderPages(answer) {
    const newest = { items: answer.files, cursor: answer.next_cursor };
    const { items, cursor } = withOlderPages(newest, { items: this.files, cursor: this.nextCursor });
    return { ...answer, files: items, next_cursor: cursor };
  }

  /** What is being processed is done soon, and the list ought to say so. */
  #lookAgainIfAtWork() {
    const isAtWork = this.files.some(({ status }) => status === "processing");
    this.#looks = isAtWork ? this.#looks + 1 : 0;
    clearTimeout(this.#timer);
    if (isAtWork && this.#looks <= LOOKS)
      this.#timer = setTimeout(() => this.load(), LOOK_AGAIN_AFTER_SECONDS * 1000);
  }

  /** Whether addresses given out may have run out. */
  get isStale() {
    return this.#readAt > 0 && (Date.now() - this.#readAt) / 1000 >= STALE_AFTER_SECONDS;
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

export const shelf = new FileShelf();
