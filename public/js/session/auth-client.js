import { loadConfig } from "../lib/config.js";
import { requestJson } from "../lib/http.js";

/**
 * Supabase Auth, as far as Purse needs it.
 * @typedef {{ code_challenge: string, code_challenge_method: string }} Challenge  of PKCE
 * @typedef {{ challenge?: Challenge, returnTo?: string, captcha?: string | null }} MailOptions
 *   returnTo: the page that the mailed link leads to
 */

/**
 * @param {string} path
 * @param {{ method?: string, body?: unknown, accessToken?: string }} [options]
 */
async function call(path, { method = "POST", body, accessToken } = {}) {
  const { supabase_url: origin, publishable_key: apikey } = await loadConfig();
  /** @type {Record<string, string>} */
  const headers = { apikey };
  if (accessToken) headers.Authorization = `Bearer ${accessToken}`;
  return requestJson(`${origin}/auth/v1/${path}`, { method, body, headers });
}

/** @param {string} path @param {string} [returnTo] */
const returning = (path, returnTo) =>
  returnTo ? `${path}?${new URLSearchParams({ redirect_to: returnTo })}` : path;

/** @param {string | null | undefined} captcha */
const security = (captcha) => (captcha ? { gotrue_meta_security: { captcha_token: captcha } } : {});

/**
 * Answers a session, or only a user where the e-mail address has to be confirmed first.
 * @param {string} email @param {string} password @param {MailOptions} options
 */
export const signUp = (email, password, { challenge, returnTo, captcha }) =>
  call(returning("signup", returnTo), { body: { email, password, ...challenge, ...security(captcha) } });

/** Answers a session. @param {string} email @param {string} password @param {string | null} [captcha] */
export const signIn = (email, password, captcha) =>
  call("token?grant_type=password", { body: { email, password, ...security(captcha) } });

/** Answers a session and uses the refresh token up. @param {string} refreshToken */
export const refresh = (refreshToken) =>
  call("token?grant_type=refresh_token", { body: { refresh_token: refreshToken } });

/** Mails a link and a code for a new password. @param {string} email @param {MailOptions} options */
export const recover = (email, { challenge, returnTo, captcha }) =>
  call(returning("recover", returnTo), { body: { email, ...challenge, ...security(captcha) } });

/** Mails a link and a code to sign in by; opens no account. @param {string} email @param {MailOptions} options */
export const mailSignIn = (email, { challenge, returnTo, captcha }) =>
  call(returning("otp", returnTo), {
    body: { email, create_user: false, ...challenge, ...security(captcha) },
  });

/** Mails the confirmation of a new account once more. @param {string} email @param {MailOptions} options */
export const resendConfirmation = (email, { challenge, returnTo, captcha }) =>
  call(returning("resend", returnTo), {
    body: { type: "signup", email, ...challenge, ...security(captcha) },
  });

/**
 * Trades the code of a mail for a session. Answers no session where another address has to confirm, too.
 * @param {"email" | "recovery" | "email_change"} type @param {string} email @param {string} token
 */
export const verify = (type, email, token) => call("verify", { body: { type, email, token } });

/** Trades what a link brought for a session. @param {string} code @param {string} verifier */
export const exchange = (code, verifier) =>
  call("token?grant_type=pkce", { body: { auth_code: code, code_verifier: verifier } });

/** Answers the user a token belongs to. @param {string} accessToken */
export const getUser = (accessToken) => call("user", { method: "GET", accessToken });

/**
 * Changes address or password and answers the user.
 * @param {string} accessToken
 * @param {{ email?: string, password?: string, nonce?: string, current_password?: string }} changes
 * @param {MailOptions} [options]
 */
export const updateUser = (accessToken, changes, { challenge, returnTo } = {}) =>
  call(returning("user", returnTo), { method: "PUT", body: { ...changes, ...challenge }, accessToken });

/** Mails the code that some projects ask for before the password may change. @param {string} accessToken */
export const reauthenticate = (accessToken) => call("reauthenticate", { method: "GET", accessToken });

/** Ends this session, the other ones, or all. @param {string} accessToken @param {"local" | "others" | "global"} scope */
export const signOut = (accessToken, scope) => call(`logout?scope=${scope}`, { accessToken });

/** Answers the project's settings: its providers under `external`, and whether accounts can be opened. */
export const readSettings = () => call("settings", { method: "GET" });

/** Where a provider asks who somebody is. @param {string} provider @param {Challenge} challenge @param {string} returnTo */
export async function providerAddress(provider, challenge, returnTo) {
  const { supabase_url: origin } = await loadConfig();
  const query = new URLSearchParams({ provider, redirect_to: returnTo, ...challenge });
  return `${origin}/auth/v1/authorize?${query}`;
}
