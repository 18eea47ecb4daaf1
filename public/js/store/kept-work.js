import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/**
 * Work that waits in this browser while somebody pays for it, or after it was interrupted: each upload of
 * the queue, and at most one export.
 * @typedef {{ userId: string, kind: "upload" | "export", key: string, at: number, file?: File,
 *   fileId?: string | null, fileIds?: string[] }} KeptWork  key: the idempotency key it goes on under;
 *   at: when, in ms since 1970, and so its place; fileId: the server's id of an upload that was begun
 */

const DATABASE = "purse";
const VERSION = 2;
const STORE = "kept-work";
const KEPT_FOR_MS = 24 * 60 * 60 * 1000;
const PATIENCE_MS = 5000;

/** Whoever signs out leaves no file behind. */
session.addEventListener("change", () => {
  if (["signed-out", "deleted"].includes(session.reason))
    inStore("readwrite", (store) => store.clear()).catch(() => null);
});

/**
 * Keeps work. Answers whether the browser did: a private window or a full disk may refuse.
 * @param {KeptWork} work
 */
export function keep(work) {
  return inStore("readwrite", (store) => store.put(work)).then(
    () => true,
    () => false,
  );
}

/**
 * The work of a person, oldest first; what is older than a day is thrown away. Never throws: a browser that
 * keeps nothing has none.
 * @param {string} userId
 * @returns {Promise<KeptWork[]>}
 */
export async function recall(userId) {
  try {
    /** @type {KeptWork[]} */
    const all = await inStore("readonly", (store) => store.getAll());
    const isOld = (/** @type {KeptWork} */ { at }) => Date.now() - at > KEPT_FOR_MS;
    await Promise.all(all.filter(isOld).map((work) => forget(work.userId, work.kind, work.key)));
    const own = all.filter((work) => work.userId === userId && !isOld(work));
    return own.sort((a, b) => a.at - b.at);
  } catch {
    return [];
  }
}

/**
 * Forgets one piece of work, or all of its kind.
 * @param {string} userId
 * @param {KeptWork["kind"]} kind
 * @param {string} [key]
 */
export async function forget(userId, kind, key) {
  // An array sorts after every text.
  const which = key ? [userId, kind, key] : IDBKeyRange.bound([userId, kind], [userId, kind, []]);
  await inStore("readwrite", (store) => store.delete(which)).catch(() => null);
}

/** What a person calls the work that waits, by the newest of it. @param {KeptWork[]} works at least one */
export function nameOf(works) {
  const uploads = works.filter(({ kind }) => kind === "upload");
  const newest = /** @type {KeptWork} */ (works.at(-1));
  if (newest.kind === "export") return t("work.export");
  return uploads.length === 1 && newest.file ? newest.file.name : t("work.files", { n: uploads.length });
}

/**
 * Runs one request in a transaction of its own and answers its result once that is written.
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest} run
 * @returns {Promise<any>}
 */
async function inStore(mode, run) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = run(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Some browsers never answer where storage is closed to us. @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => prepare(request.result);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    setTimeout(() => reject(new Error("the browser's storage does not answer")), PATIENCE_MS);
  });
}

/** Version 1 kept one piece of work of a kind, for a day at most. @param {IDBDatabase} database */
function prepare(database) {
  if (database.objectStoreNames.contains(STORE)) database.deleteObjectStore(STORE);
  database.createObjectStore(STORE, { keyPath: ["userId", "kind", "key"] });
}
