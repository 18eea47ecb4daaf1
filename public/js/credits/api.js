import { call, callForFile } from "../session/api.js";
import { person } from "../session/person.js";

/**
 * Balance, a page of history and, with a checkout session's id, what became of that purchase.
 * @param {{ limit?: number, cursor?: string, sessionId?: string, usage?: boolean, payments?: boolean,
 *   balances?: number, kind?: string, feature?: string, q?: string }} [query] payments: also those under way and
 *   failed; balances: of so many days; kind: kinds, separated by commas
 */
export function getCredits({ sessionId, ...more } = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...more, session_id: sessionId }))
    if (value) query.set(name, String(value));
  return call(`/api/credits?${query}`);
}

/** The server allows fewer pages within an hour: a bound for the loop. */
const MOST_PAGES = 200;

/**
 * The whole history as CSV, its pages joined. Throws what went wrong, also if somebody else is there before its end.
 * @returns {Promise<Blob>}
 */
export async function exportCredits() {
  const { id } = person;
  const pages = [];
  /** @type {string | null} */
  let cursor = null;
  do {
    const query = cursor ? `?${new URLSearchParams({ cursor })}` : "";
    const { file, headers } = await callForFile(`/api/credits/export${query}`, { timeoutSeconds: 60 });
    person.mustBe(id);
    pages.push(file);
    cursor = headers.get("Next-Cursor");
  } while (cursor && pages.length < MOST_PAGES);
  return new Blob(pages, { type: "text/csv;charset=utf-8" });
}
