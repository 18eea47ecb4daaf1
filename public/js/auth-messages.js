import { has, t } from "./texts.js";

/** @typedef {{ text: string, field?: "email" | "password" }} AuthProblem */

/** Which field is to be mended, by Supabase Auth's code. @type {Record<string, "email" | "password">} */
const FIELDS = {
  user_already_exists: "email",
  email_address_invalid: "email",
  email_address_not_authorized: "email",
  weak_password: "password",
};

/** Codes that say the same as another. @type {Record<string, string>} */
const SAME = { invalid_grant: "invalid_credentials", email_exists: "user_already_exists" };

/**
 * What to tell a person when signing in or up did not work.
 * @param {import("./http.js").RequestError} error
 * @returns {AuthProblem}
 */
export function authProblem(error) {
  const code = SAME[error.code] ?? error.code;
  if (has(`auth.error.${code}`)) return { text: t(`auth.error.${code}`), field: FIELDS[code] };
  if (error.status === 429) return { text: t("auth.error.over_request_rate_limit") };
  return { text: t("auth.error.other") };
}
