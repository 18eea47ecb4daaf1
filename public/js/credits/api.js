import { call } from "../session/api.js";

/**
 * Balance, a page of history and, with a checkout session's id, what became of that purchase.
 * @param {{ limit?: number, cursor?: string, sessionId?: string, usage?: boolean }} [query]
 */
export function getCredits({ limit, cursor, sessionId, usage } = {}) {
  const query = new URLSearchParams();
  if (limit) query.set("limit", String(limit));
  if (cursor) query.set("cursor", cursor);
  if (sessionId) query.set("session_id", sessionId);
  if (usage) query.set("usage", "true");
  return call(`/api/credits?${query}`);
}
