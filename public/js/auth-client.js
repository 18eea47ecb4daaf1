import { loadConfig } from "./config.js";
import { requestJson } from "./http.js";

/**
 * Supabase Auth, as far as Purse needs it.
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

/** Answers a session, or only a user where the e-mail address has to be confirmed first. */
export const signUp = (/** @type {string} */ email, /** @type {string} */ password) =>
  call("signup", { body: { email, password } });

/** Answers a session. */
export const signIn = (/** @type {string} */ email, /** @type {string} */ password) =>
  call("token?grant_type=password", { body: { email, password } });

/** Answers a session and uses the refresh token up. */
export const refresh = (/** @type {string} */ refreshToken) =>
  call("token?grant_type=refresh_token", { body: { refresh_token: refreshToken } });

/** Answers the user a token belongs to. */
export const getUser = (/** @type {string} */ accessToken) => call("user", { method: "GET", accessToken });

/** Ends this session and leaves the person's other devices signed in. */
export const signOut = (/** @type {string} */ accessToken) => call("logout?scope=local", { accessToken });
