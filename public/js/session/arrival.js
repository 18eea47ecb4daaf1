import * as auth from "./auth-client.js";
import { session } from "./session.js";
import { endErrand, errandFor, errands } from "./sign-in-errands.js";

/**
 * @typedef {"expired" | "elsewhere" | "cancelled" | "failed" | "tokens" | "unreachable"} ArrivalProblem
 *   elsewhere: the link was asked for in another browser
 * @typedef {{ errand: import("./sign-in-errands.js").Errand | null, problem: ArrivalProblem | null,
 *   isHalf: boolean }} Arrival
 *   errand: what this link ended, by signing in; isHalf: one of two addresses has confirmed a change
 */

/** Parameters that Supabase Auth and the providers add to the address. */
const NAMES = ["code", "error", "error_code", "error_description", "message", "sb"];
const NOTHING = { errand: null, problem: null, isHalf: false };
const OVER = ["flow_state_expired", "flow_state_not_found", "flow_state_already_used", "otp_expired"];

/**
 * Takes in what a link or a provider left in the address, once. The address' own description of an error is
 * never shown: anybody can write a link.
 * @returns {Promise<Arrival>}
 */
export async function takeArrival() {
  const query = new URLSearchParams(location.search);
  const fragment = new URLSearchParams(location.hash.slice(1));
  const either = (/** @type {string} */ name) => query.get(name) ?? fragment.get(name);
  const code = query.get("code");
  if (either("error") || either("error_code")) {
    const problem = reason(either("error_code"), either("error"));
    clean(query);
    return { ...NOTHING, problem };
  }
  if (fragment.has("access_token")) {
    clean(query);
    // Tokens that nobody asked for here could be a stranger's: a link must not sign anybody in to them.
    return session.user ? NOTHING : { ...NOTHING, problem: "tokens" };
  }
  if (code) return exchange(code, query);
  if (!either("message")) return NOTHING;
  clean(query);
  return { ...NOTHING, isHalf: true };
}

/**
 * A code counts only with the secret of the browser that asked. It stays in the address while the server
 * cannot be reached, so that a reload tries again.
 * @param {string} code
 * @param {URLSearchParams} query
 * @returns {Promise<Arrival>}
 */
async function exchange(code, query) {
  for (const errand of errands()) {
    try {
      const answer = await auth.exchange(code, errand.verifier);
      clean(query);
      endErrand(errand.purpose);
      session.begin(answer);
      return { ...NOTHING, errand };
    } catch (error) {
      if (error.status === 0 || error.status === 429 || error.status >= 500) return { ...NOTHING, problem: "unreachable" };
      if (error.code === "bad_code_verifier") continue;
      clean(query);
      return { ...NOTHING, problem: OVER.includes(error.code) ? "expired" : "failed" };
    }
  }
  clean(query);
  return { ...NOTHING, problem: "elsewhere" };
}

/** @param {string | null} code @param {string | null} error @returns {ArrivalProblem} */
function reason(code, error) {
  if (code && OVER.includes(code)) return "expired";
  // A person who declines at the provider; a link's error has a code.
  const hasDeclined = error === "access_denied" && !code && errandFor("provider");
  return hasDeclined ? "cancelled" : "failed";
}

/** Neither a reload nor a copied address repeats it. @param {URLSearchParams} query */
function clean(query) {
  for (const name of NAMES) query.delete(name);
  const rest = query.size ? `?${query}` : "";
  history.replaceState(history.state, "", location.pathname + rest);
}
