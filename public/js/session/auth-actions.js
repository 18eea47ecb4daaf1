import { asPerson } from "./as-person.js";
import * as auth from "./auth-client.js";
import { session } from "./session.js";

const SESSION_OVER = ["bad_jwt", "session_not_found", "session_expired", "no_authorization"];

/** @param {import("../lib/http.js").RequestError} error */
const isOver = ({ status, code }) => status === 401 || SESSION_OVER.includes(code);

/**
 * Does something at Supabase Auth as the person signed in.
 * @template T
 * @param {(token: string) => Promise<T>} run
 * @returns {Promise<T>}
 */
export const atAuth = (run) => asPerson(run, isOver);

/**
 * Sets a new password, and ends the person's sessions on other devices.
 * @param {{ password: string, nonce?: string, current_password?: string }} changes
 *   nonce: the code of a mail, and current_password: where the project asks for them
 * @returns {Promise<boolean>} whether the other sessions are known to have ended
 */
export async function setPassword(changes) {
  await atAuth((token) => auth.updateUser(token, changes));
  return atAuth((token) => auth.signOut(token, "others")).then(
    () => true,
    () => false,
  );
}

/** Ends every session of the person, this one last. Throws if the server could not be told. */
export async function signOutEverywhere() {
  const id = session.user?.id;
  await atAuth((token) => auth.signOut(token, "global"));
  if (session.user?.id === id) session.end("signed-out");
}
