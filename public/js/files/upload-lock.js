/**
 * One tab at a time works on an upload. The browser gives the lock back by itself when that tab is gone. Where a browser
 * has no locks, each tab goes on: the server takes a file once.
 * @typedef {{ userId: string, at: number }} Upload  at: when its file was chosen; unlike its key, that stays
 */

/** A page that is being reloaded may need so long to let go. */
const PATIENCE_MS = 1000;

/**
 * Waits until no other tab works on an upload, then works on it. Throws if the signal ends the wait.
 * @param {Upload} upload
 * @param {AbortSignal} signal
 * @param {() => Promise<void>} run
 */
export const inTurn = (upload, signal, run) => request(upload, { signal }, run);

/** Does something with an upload unless another tab works on it. @param {Upload} upload @param {() => Promise<void>} run */
export const ifIdle = (upload, run) =>
  request(upload, { ifAvailable: true }, async (lock) => {
    if (lock !== null) await run();
  });

/** Whether no other tab works on an upload. @param {Upload} upload */
export const isIdle = (upload) =>
  request(upload, { signal: AbortSignal.timeout(PATIENCE_MS) }, async () => {}).then(
    () => true,
    () => false,
  );

/**
 * @param {Upload} upload
 * @param {LockOptions} options
 * @param {(lock?: Lock | null) => Promise<void>} run  lock: null if another tab has it
 * @returns {Promise<void>}
 */
async function request({ userId, at }, options, run) {
  if (navigator.locks) await navigator.locks.request(`purse.upload ${userId} ${at}`, options, run);
  else await run();
}
