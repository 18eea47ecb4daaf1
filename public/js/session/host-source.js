import { RequestError } from "../lib/http.js";
import { person } from "./person.js";

/** @typedef {() => string | null | undefined | Promise<string | null | undefined>} Ask  an access token, or nobody's */

/**
 * Who is signed in on the page of another app: the subject of the access token that the app gives. Every token is
 * asked for anew, so a person who came or went unannounced is noticed with the next request.
 * @implements {import("./person.js").Source}
 */
export class HostSource {
  /** @type {string | null} */
  id = null;
  /** The person's address, where the token has it. @type {string | null} */
  email = null;
  /** False until the app has answered for the first time. */
  isKnown = false;
  #ask;
  #renew;
  /** Counts questions. */
  #asked = 0;
  /** The newest question that was answered: an older answer does not replace a newer one. */
  #answered = 0;
  /** The token that `id` comes from. @type {string | null} */
  #token = null;
  /** A token that the server refuses for good. @type {string | null} */
  #refused = null;

  /** @param {Ask} ask @param {Ask} [renew] asks for another token than a rejected one */
  constructor(ask, renew = ask) {
    this.#ask = ask;
    this.#renew = renew;
  }

  /** Asks the app who is there now. Answers whether that is a change; throws what the app throws. */
  async refresh() {
    const asked = ++this.#asked;
    try {
      const token = (await this.#ask()) ?? null;
      return this.#hear(token, asked);
    } catch (error) {
      if (!this.isKnown) this.#take(null);
      throw error;
    }
  }

  /** @param {string} [rejected] a token the server has just refused */
  async token(rejected) {
    const asked = ++this.#asked;
    let token = await given(this.#ask);
    if (token !== null && token === rejected) token = await given(this.#renew);
    const isRefused = token !== null && token === rejected;
    if (isRefused && asked > this.#answered) {
      this.#token = token;
      this.end("expired");
    }
    this.#hear(token, asked);
    if (token === null || isRefused || token === this.#refused)
      throw new RequestError({ status: 401, code: "signed_out" });
    return token;
  }

  /** The app keeps its session, but nothing is asked with this token again. @param {"expired" | "deleted"} reason */
  end(reason) {
    this.#refused = this.#token;
    if (this.id === null) return;
    this.id = null;
    person.changed(reason);
  }

  /** Answers whether that is a change. @param {string | null} token @param {number} asked */
  #hear(token, asked) {
    if (asked < this.#answered) return false;
    this.#answered = asked;
    return this.#take(token);
  }

  /** @param {string | null} token */
  #take(token) {
    const known = token === null || token === this.#refused ? null : subject(token);
    const id = known?.id ?? null;
    const isChange = !this.isKnown || id !== this.id;
    this.isKnown = true;
    this.#token = token;
    this.id = id;
    this.email = known?.email ?? null;
    if (isChange) person.changed(id === null ? "signed-out" : "signed-in");
    return isChange;
  }
}

/** What the app throws is no answer from our server. @param {Ask} ask */
async function given(ask) {
  try {
    return (await ask()) ?? null;
  } catch (cause) {
    throw Object.assign(new RequestError({ status: 0, code: "no_token" }), { cause });
  }
}

/**
 * The user's id and address in an access token of Supabase Auth. The server alone decides whether it is genuine.
 * @param {string} token
 * @returns {{ id: string, email: string | null }}
 */
function subject(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const { sub, email } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof sub === "string" && sub) return { id: sub, email: email || null };
  } catch {
    // As below.
  }
  throw new TypeError("Purse: the access token is not a JSON Web Token with a subject (sub).");
}
