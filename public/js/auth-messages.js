/** @typedef {{ text: string, field?: "email" | "password" }} AuthProblem */

/** Supabase Auth's codes in words; `field` says which one to mend. @type {Record<string, AuthProblem>} */
const SENTENCES = {
  invalid_credentials: { text: "That e-mail address and password do not match. Check both and try again." },
  invalid_grant: { text: "That e-mail address and password do not match. Check both and try again." },
  email_not_confirmed: { text: "Confirm your e-mail address first: follow the link we sent you." },
  user_already_exists: {
    text: "There is an account with this address already. Sign in instead.",
    field: "email",
  },
  email_exists: { text: "There is an account with this address already. Sign in instead.", field: "email" },
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
  otp_expired: { text: "That link has been used or has run out. Sign in, or create the account again." },
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
    return { text: error.sentence || "Choose a longer password.", field: "password" };
  }
  if (Object.hasOwn(SENTENCES, error.code)) return SENTENCES[error.code];
  if (error.status === 429) return SENTENCES.over_request_rate_limit;
  if (error.status >= 400 && error.status < 500 && error.sentence) return { text: error.sentence };
  return { text: "Something went wrong on our side. Try again in a moment." };
}
