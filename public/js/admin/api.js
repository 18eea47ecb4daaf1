import { call } from "../session/api.js";

/**
 * What an action changed, or would change.
 * @typedef {{ balance: number, held: number, available: number }} Balances
 * @typedef {{ accounts: { user_id: string, before: Balances, after: Balances }[],
 *   ledger: { transaction_id: string, user_id: string, kind: string, amount: number, balance_after: number }[],
 *   details: Record<string, any>, action_id: string | null, replayed: boolean, finished: boolean }} Result
 */

const LONG_SECONDS = 60;
/** More than Postgres may take to read all lots. */
const COUNT_SECONDS = 70;

/** @param {string} page @param {Record<string, string | null | undefined>} [query] @param {number} [timeoutSeconds] */
function read(page, query = {}, timeoutSeconds) {
  const given = Object.entries(query).filter(([, value]) => value);
  const search = new URLSearchParams(/** @type {[string, string][]} */ (given));
  return call(`/api/admin${page}${given.length ? `?${search}` : ""}`, { timeoutSeconds });
}

export const readRole = () => read("");
export const readToday = () => read("/today");
/** Reads the whole ledger. */
export const readChecks = () => read("/checks", {}, LONG_SECONDS);
/** @param {string} days how many, today included */
export const readMoney = (days) => read("/money", { days });
/** @param {string} days how many, today included */
export const readConversion = (days) => read("/conversion", { days });
export const readUse = () => read("/use");
export const readPrices = () => read("/prices");
/**
 * Adds or changes a pack or a feature, once for each key.
 * @param {Record<string, unknown>} request
 * @param {string} key
 */
export const setPrice = (request, key) =>
  call("/api/admin/prices", { method: "POST", body: request, headers: { "Idempotency-Key": key } });
/** Counts the figures about use that are kept. */
export const countUse = () => call("/api/admin/use", { method: "POST", body: {}, timeoutSeconds: COUNT_SECONDS });
export const readBatches = () => read("/grants");
/** @param {string} id */
export const readBatch = (id) => read("/grants", { batch_id: id });
/**
 * Says what each line of a file would do.
 * @param {{ campaign: string, csv: string }} request
 */
export const previewGrants = (request) =>
  call("/api/admin/grants", { method: "POST", body: { ...request, preview: true }, timeoutSeconds: LONG_SECONDS });
/**
 * Begins a batch of grants, or goes on with it; each line is granted once for each key.
 * @param {Record<string, unknown>} request a file, or a batch_id
 * @param {string} [key]
 * @returns {Promise<import("./grants.js").Batch>}
 */
export const postGrants = (request, key) =>
  call("/api/admin/grants", {
    method: "POST",
    body: request,
    headers: key ? { "Idempotency-Key": key } : {},
    timeoutSeconds: LONG_SECONDS,
  });
export const readCodes = () => read("/codes");
/**
 * Makes codes, once for each key; only this answer shows them.
 * @param {Record<string, unknown>} request
 * @param {string} key
 * @returns {Promise<{ codes: string[] }>}
 */
export const makeCodes = (request, key) =>
  call("/api/admin/codes", {
    method: "POST",
    body: request,
    headers: { "Idempotency-Key": key },
    timeoutSeconds: LONG_SECONDS,
  });
/** @param {string} q @param {string | null} [after] */
export const findPeople = (q, after) => read("/people", { q, after }, LONG_SECONDS);
/** @param {string} id @param {string} [cursor] of the history */
export const readPerson = (id, cursor) => read("/person", { id, cursor });
/** What of an order can be refunded, and its refunds. @param {string} orderId */
export const readRefunds = (orderId) => read("/refunds", { order_id: orderId });
/** Asks Stripe too. @param {string} id */
export const readVerdict = (id) => read("/verdict", { id }, LONG_SECONDS);

/**
 * Says what an action would change.
 * @param {Record<string, unknown>} request
 * @returns {Promise<Result>}
 */
export const preview = (request) =>
  call("/api/admin/act", { method: "POST", body: { ...request, preview: true }, timeoutSeconds: LONG_SECONDS });

/**
 * Does an action, once for each key.
 * @param {Record<string, unknown>} request
 * @param {string} key
 * @returns {Promise<Result>}
 */
export const act = (request, key) =>
  call("/api/admin/act", {
    method: "POST",
    body: request,
    headers: { "Idempotency-Key": key },
    timeoutSeconds: LONG_SECONDS,
  });

/** More pages than any account has: a bound for the loop. */
const MOST_PAGES = 1000;

/** Everything that is kept of a person, its pages joined. @param {string} actionId of the action "export" */
export async function readExport(actionId) {
  /** @type {Record<string, any>} */
  let data = {};
  let cursor = "";
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { next_cursor: next, ...more } = await read("/export", { action_id: actionId, cursor }, LONG_SECONDS);
    for (const [name, value] of Object.entries(more))
      data = { ...data, [name]: Array.isArray(value) ? [...(data[name] ?? []), ...value] : value };
    if (!next) break;
    cursor = next;
  }
  return data;
}
