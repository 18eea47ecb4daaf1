import { asPerson } from "./as-person.js";
import { takeEarlyAnswer } from "../lib/early-answers.js";
import { requestFile, requestJson } from "../lib/http.js";
import { person } from "./person.js";

/** @typedef {import("../lib/http.js").RequestOptions} Options */

/**
 * Calls one of our functions as the person signed in. Where the account was deleted on another device, the
 * session is over.
 * @param {string} path
 * @param {Options} [options]
 */
export const call = (path, options) => send(requestJson, path, options);

/**
 * The same where the answer is a file.
 * @param {string} path
 * @param {Options} [options]
 * @returns {ReturnType<typeof requestFile>}
 */
export const callForFile = (path, options) => send(requestFile, path, options);

/**
 * @param {(path: string, options: Options) => Promise<any>} request
 * @param {string} path
 * @param {Options} [options]
 */
function send(request, path, options) {
  const run = async (/** @type {string} */ token) => {
    const { id } = person;
    try {
      const headers = { ...options?.headers, Authorization: `Bearer ${token}` };
      return await request(path, { ...options, headers, begun: takeEarlyAnswer(path, token) });
    } catch (error) {
      if (error.code === "account_deleted") person.end("deleted", id);
      throw error;
    }
  };
  return asPerson(run, ({ status }) => status === 401);
}
