import * as auth from "./auth-client.js";
import { intent } from "../store/intent.js";
import { challengeOf } from "./pkce.js";
import { session } from "./session.js";
import { beginErrand, endErrand, errandFor, putBack } from "./sign-in-errands.js";

/**
 * @typedef {import("./sign-in-errands.js").Purpose} Purpose
 * @typedef {Pick<import("./sign-in-errands.js").Errand, "purpose" | "back" | "packageId">} Onward
 *   what goes on once somebody is signed in
 */

/** The page that a link leads to. @type {Record<Purpose, string>} */
const PAGES = {
  "sign-up": "/sign-in/mail",
  "sign-in": "/sign-in/mail",
  recovery: "/sign-in/reset",
  address: "/account",
  provider: "/",
};

const CODE_TYPES = { "sign-up": "email", "sign-in": "email", recovery: "recovery", address: "email_change" };

/**
 * Notes what is asked for, and answers what Supabase Auth has to be told of it.
 * @param {Purpose} purpose
 * @param {{ email?: string, back?: string }} [about]
 */
export async function errandOptions(purpose, about = {}) {
  const errand = beginErrand(purpose, { ...about, packageId: intent.peek() });
  return {
    challenge: await challengeOf(errand.verifier),
    returnTo: `${location.origin}${PAGES[purpose]}`,
  };
}

/**
 * Opens an account. Answers whether it is signed in; if not, its address has to be confirmed first.
 * @param {string} email
 * @param {string} password
 * @param {{ captcha: string | null, back: string }} options
 */
export async function openAccount(email, password, { captcha, back }) {
  const options = await errandOptions("sign-up", { email, back });
  let answer;
  try {
    answer = await auth.signUp(email, password, { ...options, captcha });
  } catch (error) {
    // No mail was sent, so none is waited for.
    endErrand("sign-up");
    throw error;
  }
  if (!answer?.access_token) return false;
  endErrand("sign-up");
  session.begin(answer);
  return true;
}

/**
 * Asks for a mail with a link and a code. An address without an account gets the same answer as one with:
 * whether it has one is nobody else's business.
 * @param {"sign-up" | "sign-in" | "recovery"} purpose
 * @param {string} email
 * @param {{ captcha: string | null, back?: string }} options
 */
export async function askForMail(purpose, email, { captcha, back }) {
  const before = errandFor(purpose);
  const options = { ...(await errandOptions(purpose, { email, back })), captcha };
  try {
    if (purpose === "sign-up") await auth.resendConfirmation(email, options);
    else if (purpose === "sign-in") await auth.mailSignIn(email, options);
    else await auth.recover(email, options);
  } catch (error) {
    // Both tell whether the address has an account: it has none; it was sent a mail a moment ago.
    if (error.code === "otp_disabled" || error.code === "over_email_send_rate_limit") return;
    // No mail was sent, so the page must not wait for this one.
    putBack(purpose, before);
    throw error;
  }
}

/**
 * Takes the code of a mail. Answers whether that signed somebody in: the first of two addresses to
 * confirm a change does not.
 * @param {"sign-up" | "sign-in" | "recovery" | "address"} purpose
 * @param {string} email
 * @param {string} code
 */
export async function takeCode(purpose, email, code) {
  const type = /** @type {"email" | "recovery" | "email_change"} */ (CODE_TYPES[purpose]);
  const answer = await auth.verify(type, email, code);
  if (!answer?.access_token) return false;
  session.begin(answer);
  return true;
}

/**
 * Goes on with what somebody wanted before they had to sign in.
 * @param {Onward | null} errand
 */
export function goOn(errand) {
  if (errand) endErrand(errand.purpose);
  if (errand?.packageId) intent.remember(errand.packageId);
  location.replace(ownPage(errand?.back ?? "/"));
}

/** A page of this site; the start page for any other address. @param {string} address */
function ownPage(address) {
  try {
    const page = new URL(address, location.origin);
    return page.origin === location.origin ? page : "/";
  } catch {
    return "/";
  }
}
