import { call } from "../session/api.js";
import { person } from "../session/person.js";

/**
 * The effects of deleting the account.
 * @typedef {{ balance: number, held: number, available: number, holds: number, open_checkouts: number,
 *   pending_payments: { order_id: string, package_name: string, credits: number, amount: number,
 *   currency: string, decimals: number, created_at: string }[], files: number }} Account
 *   balance: credits, those set aside included; amount: minor units
 * @typedef {{ deleted: true, credits_given_up: number, holds_released: number, finished: boolean }} Deletion
 */

/** More pages than any account has: a bound for the loop. */
const MOST_PAGES = 1000;
const EXPORT_SECONDS = 60;

/** @returns {Promise<Account>} */
export const readAccount = () => call("/api/account");

/**
 * Deletes the account of the person signed in, if its balance is still this one.
 * @param {number} balance
 * @returns {Promise<Deletion>}
 */
export const deleteAccount = (balance) =>
  call("/api/account", { method: "DELETE", body: { balance }, timeoutSeconds: EXPORT_SECONDS });

/**
 * Everything that is kept of the person, its pages joined. Throws what went wrong, also if somebody else is there
 * before its end.
 * @returns {Promise<Record<string, unknown>>}
 */
export async function exportAccount() {
  const { id } = person;
  let { next_cursor: cursor, ...data } = await exportPage(null);
  for (let page = 1; cursor && page < MOST_PAGES; page += 1) {
    person.mustBe(id);
    const { next_cursor: next, ...more } = await exportPage(cursor);
    for (const [name, rows] of Object.entries(more))
      if (Array.isArray(rows)) data = { ...data, [name]: [...(data[name] ?? []), ...rows] };
    cursor = next;
  }
  person.mustBe(id);
  return data;
}

/** @param {string | null} cursor @returns {Promise<Record<string, any>>} */
function exportPage(cursor) {
  const query = cursor ? `?${new URLSearchParams({ cursor })}` : "";
  return call(`/api/account/export${query}`, { timeoutSeconds: EXPORT_SECONDS });
}
