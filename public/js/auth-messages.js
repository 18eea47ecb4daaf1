import { WEAK } from "./sign-in-words.js";

/** @typedef {{ text: string, field?: "email" | "password" | "code" | "nonce" | "current" }} AuthProblem */

/** Supabase Auth's codes in words; `field` says which one to mend. @type {Record<string, AuthProblem>} */
const SENTENCES = {
  invalid_credentials: { text: "That e-mail address and password do not match. Check both and try again." },
  invalid_grant: { text: "That e-mail address and password do not match. Check both and try again." },
  email_not_confirmed: {
    text: "Confirm your e-mail address first: follow the link we sent you, or sign in by mail below.",
  },
  user_already_exists: {
    text: "There is an account with this address already. Sign in instead.",
    field: "email",
  },
  email_exists: { text: "There is an account with this address already. Sign in instead.", field: "email" },
  address_taken: { text: "Another account has this address.", field: "email" },
  email_address_invalid: { text: "This e-mail address cannot be used. Try another one.", field: "email" },
  email_address_not_authorized: {
    text: "Mail cannot be sent to this address. Try another one.",
    field: "email",
  },
  signup_disabled: { text: "New accounts are not being opened at the moment." },
  email_provider_disabled: { text: "Signing in with e-mail and password is switched off here." },
  user_banned: { text: "This account is locked. Ask support to open it again." },
  over_email_send_rate_limit: {
    text: "Too many e-mails were sent to you just now. Try again in a few minutes.",
  },
  over_request_rate_limit: { text: "Too many attempts. Wait a moment, then try again." },
  otp_expired: {
    text: "This code does not match the address, has been used, or has expired. Check both, or send a new mail.",
    field: "code",
  },
  same_password: { text: "This is your present password. Choose another one.", field: "password" },
  current_password_required: { text: "Enter your present password, too.", field: "current" },
  current_password_invalid: { text: "This is not your present password.", field: "current" },
  reauthentication_needed: { text: "Enter the code that we have just mailed you.", field: "nonce" },
  reauthentication_not_valid: { text: "This code is wrong or has expired.", field: "nonce" },
  insufficient_aal: { text: "This account uses a second factor. Ask support to change this for you." },
  user_sso_managed: { text: "Your organisation manages this account. Change it there." },
  captcha_needed: { text: "Confirm that you are a person, then try again." },
  captcha_failed: { text: "The check that you are a person did not succeed. Try again." },
  captcha_unavailable: {
    text: "The check that you are a person could not be loaded. Allow its address in your browser, then try again.",
  },
  signed_out: { text: "Your session has ended. Sign in again to go on." },
  offline: { text: "You are offline. Connect to the internet and try again." },
  unreachable: { text: "The sign-in service cannot be reached. Try again in a moment." },
};

/**
 * What to tell a person when signing in or up did not work.
 * @param {import("./http.js").RequestError} error
 * @returns {AuthProblem}
 */
export function authProblem(error) {
  if (error.code === "weak_password") {
    const reasons = /** @type {string[] | undefined} */ (error.details.reasons) ?? ["length"];
    const said = reasons.map((reason) => WEAK[reason]).filter(Boolean);
    return { text: said.join(" ") || error.sentence, field: "password" };
  }
  if (Object.hasOwn(SENTENCES, error.code)) return SENTENCES[error.code];
  if (error.status === 429) return SENTENCES.over_request_rate_limit;
  if (error.status >= 400 && error.status < 500 && error.sentence) return { text: error.sentence };
  return { text: "Something went wrong on our side. Try again in a moment." };
}
