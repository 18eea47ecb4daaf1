/**
 * The answer to what early.js asked for before the modules were there: once, and only for the same token.
 * @param {string} path
 * @param {string} token
 * @returns {Promise<Response> | undefined} undefined: it did not ask for this
 */
export function takeEarlyAnswer(path, token) {
  /** @type {{ token: string, answers: Map<string, Promise<Response>> } | undefined} */
  const early = /** @type {any} */ (globalThis).purseEarly;
  if (early?.token !== token) return undefined;
  const answer = early.answers.get(path);
  early.answers.delete(path);
  return answer;
}
