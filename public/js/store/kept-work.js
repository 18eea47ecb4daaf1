import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/**
 * Work that waits in this browser while somebody pays for it, or after it was interrupted.
 * @typedef {{ userId: string, kind: "upload" | "export", key: string, at: number, file?: File,
 *   fileIds?: string[] }} KeptWork  key: the idempotency key it goes on under; at: when, in ms since 1970
 */

const DATABASE = "purse";
const STORE = "kept-work";
const KEPT_FOR_MS = 24 * 60 * 60 * 1000;
const PATIENCE_MS = 5000;

/** Whoever signs out leaves no file behind. */
session.addEventListener("change", (event) => {
  const { reason } = /** @type {CustomEvent} */ (event).detail;
  if (reason === "signed-out" || reason === "deleted")
    inStore("readwrite", (store) => store.clear()).catch(() => null);
});

/**
 * Keeps work in place of what was kept of its kind. Answers whether the browser did: a private window or
 * a full disk may refuse.
 * @param {Omit<KeptWork, "at">} work
 */
export function keep(work) {
  return inStore("readwrite", (store) => store.put({ ...work, at: Date.now() })).then(
    () => true,
    () => false,
  );
}

/** The newest work of a person, if any; what is older than a day is thrown away. @param {string} userId */
export async function recall(userId) {
  try {
    /** @type {KeptWork[]} */
    const all = await inStore("readonly", (store) => store.getAll());
    const isOld = (/** @type {KeptWork} */ { at }) => Date.now() - at > KEPT_FOR_MS;
    await Promise.all(all.filter(isOld).map((work) => forget(work.userId, work.kind)));
    const own = all.filter((work) => work.userId === userId && !isOld(work));
    return own.sort((a, b) => b.at - a.at)[0] ?? null;
  } catch {
    return null;
  }
}

/** @param {string} userId @param {KeptWork["kind"]} kind */
export async function forget(userId, kind) {
  await inStore("readwrite", (store) => store.delete([userId, kind])).catch(() => null);
}

/** What a person calls it. @param {KeptWork} work */
export const nameOf = ({ kind, file }) => (kind === "upload" && file ? file.name : t("work.export"));

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
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: ["userId", "kind"] });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    setTimeout(() => reject(new Error("the browser's storage does not answer")), PATIENCE_MS);
  });
}
