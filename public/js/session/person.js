import { RequestError } from "../lib/http.js";

/**
 * Who is signed in, as the app around tells it: our own pages by their session, another app's page by what
 * connect.js was given.
 * @typedef {object} Source
 * @property {string | null} id  the user's id; null for nobody
 * @property {string | null} [email]  the user's address; left out where the app around does not know it
 * @property {boolean} [isKnown]  false while the app has not said yet who is there
 * @property {(rejected?: string) => Promise<string>} token  an access token, another one than a rejected one
 * @property {(reason: "expired" | "deleted") => void} end  the server refuses this person's tokens for good
 */

/** Tells of a person coming or going by "change", with a reason as its detail. */
class Person extends EventTarget {
  /** @type {Source | null} */
  #source = null;

  /** Once a page. @param {Source} source it calls changed() when somebody comes or goes */
  connect(source) {
    if (this.#source) throw new Error("Purse is connected already: connect() is called once a page.");
    this.#source = source;
  }

  get id() {
    return this.#source?.id ?? null;
  }

  /** The user's address, if it is known. */
  get email() {
    return this.#source?.email ?? null;
  }

  /** Before anything is connected, nobody is signed in. */
  get isKnown() {
    return this.#source?.isKnown ?? true;
  }

  /** Throws if it is somebody else by now. @param {string | null} id */
  mustBe(id) {
    if (this.id !== id) throw new RequestError({ status: 401, code: "signed_out" });
  }

  /** @param {string} [rejected] a token the server has just refused */
  token(rejected) {
    if (!this.#source) throw new Error("nothing is connected");
    return this.#source.token(rejected);
  }

  /**
   * Takes nothing from somebody else who is there by now.
   * @param {"expired" | "deleted"} reason
   * @param {string | null} id whose session is over
   */
  end(reason, id) {
    if (this.id === id) this.#source?.end(reason);
  }

  /** @param {string} reason */
  changed(reason) {
    this.dispatchEvent(new CustomEvent("change", { detail: { reason } }));
  }
}

export const person = new Person();
