import * as auth from "./auth-client.js";
import { RequestError } from "../lib/http.js";
import { keepAddress } from "./kept-address.js";
import { person } from "./person.js";
import { isAboutSession, readSession, writeSession } from "./session-store.js";
import { forgetErrands } from "./sign-in-errands.js";

const REFRESH_BEFORE_EXPIRY_SECONDS = 60;
const MAY_PASS = [0, 408, 429];

const now = () => Math.floor(Date.now() / 1000);

/**
 * Who is signed in. The stored session is the one truth, shared by every tab; it is read anew each
 * time, so a token another tab refreshed is picked up. Tells of a person coming or going by "change", and
 * of another address of theirs by "renamed".
 */
class Session extends EventTarget {
  /** Why somebody came or went last, on this page. */
  reason = "";
  #userId = readSession()?.user.id ?? null;
  /** @type {Promise<string> | null} */
  #refreshing = null;

  constructor() {
    super();
    addEventListener("storage", (event) => isAboutSession(event) && this.#noticeChange("elsewhere"));
    // A page that comes back from the back/forward cache has heard nothing while it was away.
    addEventListener("pageshow", (event) => event.persisted && this.#noticeChange("elsewhere"));
  }

  /** @returns {{ id: string, email: string } | null} */
  get user() {
    return readSession()?.user ?? null;
  }

  /**
   * Takes in a session as Supabase Auth sends it.
   * @param {{ access_token: string, refresh_token: string, expires_in: number,
   *   user: { id: string, email?: string } }} answer
   */
  begin({ access_token, refresh_token, expires_in, user }) {
    // Counted from now by our clock: the server's may differ from it.
    const expires_at = now() + Number(expires_in || 0);
    const before = this.user;
    const email = user.email ?? "";
    writeSession({ access_token, refresh_token, expires_at, user: { id: user.id, email } });
    this.#noticeChange("signed-in");
    if (before?.id === user.id && before.email !== email) this.dispatchEvent(new Event("renamed"));
  }

  /** Learns that the person's address is another by now. @param {string} email */
  rename(email) {
    const current = readSession();
    if (!current || current.user.email === email) return;
    writeSession({ ...current, user: { ...current.user, email } });
    this.dispatchEvent(new Event("renamed"));
  }

  /** Signed out here at once; that the server could not be told is no reason to stay signed in. */
  async signOut() {
    const token = readSession()?.access_token;
    this.end("signed-out");
    if (token) await auth.signOut(token, "local").catch(() => null);
  }

  /** @param {"signed-out" | "expired" | "deleted"} reason */
  end(reason) {
    // An expired session keeps the address for the form; signing out leaves none behind.
    keepAddress(reason === "expired" ? (this.user?.email ?? "") : "");
    if (reason !== "expired") forgetErrands();
    writeSession(null);
    this.#noticeChange(reason);
  }

  /**
   * An access token that will hold for a while.
   * @param {string} [rejected] a token the server has just refused
   */
  async token(rejected) {
    const current = readSession();
    if (!current) throw new RequestError({ status: 401, code: "signed_out" });
    const left = current.expires_at - now();
    const refused = current.access_token === rejected;
    if (!refused && left > REFRESH_BEFORE_EXPIRY_SECONDS) return current.access_token;
    this.#refreshing ??= this.#refresh(current.access_token).finally(() => (this.#refreshing = null));
    return this.#refreshing.catch((error) => {
      if (!refused && left > 0 && error.status !== 401) return current.access_token;
      throw error;
    });
  }

  /** One tab refreshes, the others wait for the lock and find its token. @param {string} stale */
  async #refresh(stale) {
    const renew = async () => {
      const current = readSession();
      if (current && current.access_token !== stale) return current.access_token;
      if (!current) throw new RequestError({ status: 401, code: "signed_out" });
      const answer = await auth.refresh(current.refresh_token);
      if (readSession()?.access_token === stale) this.begin(answer);
      return answer.access_token;
    };
    try {
      return await (navigator.locks ? navigator.locks.request("purse.refresh", renew) : renew());
    } catch (error) {
      if (MAY_PASS.includes(error.status) || error.status >= 500) throw error;
      if (readSession()?.access_token === stale) this.end("expired");
      throw new RequestError({ status: 401, code: "signed_out" });
    }
  }

  /** @param {string} reason */
  #noticeChange(reason) {
    const userId = this.user?.id ?? null;
    document.documentElement.dataset.session = userId ? "in" : "out";
    if (userId === this.#userId) return;
    this.#userId = userId;
    this.reason = reason;
    this.dispatchEvent(new CustomEvent("change", { detail: { reason } }));
    person.changed(reason);
  }
}

export const session = new Session();

person.connect({
  get id() {
    return session.user?.id ?? null;
  },
  get email() {
    return session.user?.email ?? null;
  },
  token: (rejected) => session.token(rejected),
  end: (reason) => session.end(reason),
});
