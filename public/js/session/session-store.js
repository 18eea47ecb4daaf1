/**
 * @typedef {{ access_token: string, refresh_token: string, expires_at: number,
 *   user: { id: string, email: string } }} StoredSession  expires_at in seconds since 1970, by this device's clock
 */

const KEY = "purse.session";

/** Where the browser keeps nothing for us, the session lasts as long as the page. @type {string | null} */
let withoutStorage = null;

/** @returns {StoredSession | null} */
export function readSession() {
  let text = withoutStorage;
  try {
    text = localStorage.getItem(KEY);
  } catch {
    // Storage is closed to us: what this page remembers counts.
  }
  try {
    const session = JSON.parse(text ?? "null");
    return session?.access_token && session.user?.id ? session : null;
  } catch {
    return null;
  }
}

/** @param {StoredSession | null} session */
export function writeSession(session) {
  const text = session && JSON.stringify(session);
  withoutStorage = text;
  try {
    if (text) localStorage.setItem(KEY, text);
    else localStorage.removeItem(KEY);
  } catch {
    // As above.
  }
}

/** Whether a storage event (another tab wrote) is about the session. @param {StorageEvent} event */
export function isAboutSession(event) {
  return event.key === KEY || event.key === null;
}
