import { asPerson } from "./as-person.js";
import { takeEarlyAnswer } from "../lib/early-answers.js";
import { requestJson } from "../lib/http.js";
import { session } from "./session.js";

/**
 * Calls one of our functions as the person signed in. Where the account was deleted on another device, the
 * session is over.
 * @param {string} path
 * @param {{ method?: string, body?: unknown, headers?: Record<string, string>, timeoutSeconds?: number }} [options]
 */
export async function call(path, options) {
  const send = async (/** @type {string} */ token) => {
    try {
      const headers = { ...options?.headers, Authorization: `Bearer ${token}` };
      return await requestJson(path, { ...options, headers, begun: takeEarlyAnswer(path, token) });
    } catch (error) {
      if (error.code === "account_deleted") session.end("deleted");
      throw error;
    }
  };
  return asPerson(send, ({ status }) => status === 401);
}
