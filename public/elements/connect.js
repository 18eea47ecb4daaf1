import { InsufficientCreditsError, Purse } from "../purse.js";
import { announce } from "../js/lib/announce.js";
import { tellOfCredits } from "../js/credits/host-events.js";
import { HostSource } from "../js/session/host-source.js";
import { person } from "../js/session/person.js";
import { wallet } from "../js/credits/wallet.js";

export { ConflictError, InsufficientCreditsError, PurseError, UnauthorizedError, UnavailableError } from "../purse.js";

/** The Purse site: this module's own. */
const SITE = new URL(import.meta.url).origin;

/** This site's client for the person whom the page around has signed in. */
class ConnectedPurse extends Purse {
  #source;

  /** @param {HostSource} source @param {Promise<unknown>} known settles once it is known who is there */
  constructor(source, known) {
    super(SITE, { accessToken: () => known.then(() => (source.id === null ? null : source.token())) });
    this.#source = source;
  }

  /** Spends as Purse does. The elements show the new balance. @param {any} feature @param {any} [options] */
  async spend(feature, options) {
    try {
      return await super.spend(feature, options);
    } catch (error) {
      if (error instanceof InsufficientCreditsError)
        announce("credits:insufficient", { required: error.required, available: error.available });
      throw error;
    } finally {
      wallet.load();
    }
  }

  /** Asks again who is signed in, and reads their balance again. */
  async refresh() {
    // A change of person makes the wallet read by itself.
    if (!(await this.#source.refresh())) await wallet.load();
  }
}

/**
 * Tells the elements on this page who is signed in. Called once.
 * @param {any} source a supabase-js client, a function that returns an access token of the same Supabase project, or
 *   an object with it as `accessToken`. Such a function cannot say that somebody came or went: call refresh() then.
 */
export function connect(source) {
  const ask = typeof source === "function" ? source : source?.accessToken;
  // First, because a client of supabase-js that has such a function throws when its `auth` is touched.
  if (typeof ask === "function") return begin(new HostSource(() => ask.call(source)));
  const auth = source?.auth;
  if (typeof auth?.getSession !== "function")
    throw new TypeError("connect() needs a supabase-js client, or a function that returns an access token.");
  const connected = ofSupabase(auth);
  const purse = begin(connected);
  // Later, because a callback of supabase-js must not ask it anything.
  auth.onAuthStateChange(() => setTimeout(() => connected.refresh().catch(reportError)));
  return purse;
}

/** @param {HostSource} source */
function begin(source) {
  person.connect(source);
  tellOfCredits();
  person.changed("connected");
  return new ConnectedPurse(source, source.refresh().catch(reportError));
}

/** @param {any} auth of a supabase-js client */
function ofSupabase(auth) {
  const read = (/** @type {any} */ { data, error }) => {
    // A session that has ended is an answer. No answer from Supabase Auth is none.
    if (error && (!error.status || error.status >= 500)) throw error;
    return data.session?.access_token ?? null;
  };
  return new HostSource(
    async () => read(await auth.getSession()),
    async () => read(await auth.refreshSession()),
  );
}
