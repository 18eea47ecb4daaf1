import { has, language, t } from "../lib/texts.js";

/** @typedef {"email" | "password" | "code" | "nonce" | "current"} FieldName */
/** @typedef {{ text: string, field?: FieldName }} AuthProblem */

/** Which field is to be mended, by Supabase Auth's code. @type {Record<string, FieldName>} */
const FIELDS = {
  user_already_exists: "email",
  address_taken: "email",
  email_address_invalid: "email",
  email_address_not_authorized: "email",
  otp_expired: "code",
  same_password: "password",
  current_password_required: "current",
  current_password_invalid: "current",
  reauthentication_needed: "nonce",
  reauthentication_not_valid: "nonce",
};

/** Codes that say the same as another. @type {Record<string, string>} */
const SAME = { invalid_grant: "invalid_credentials", email_exists: "user_already_exists" };

/**
 * What to tell a person when signing in or up did not work.
 * @param {import("../lib/http.js").RequestError} error
 * @returns {AuthProblem}
 */
export function authProblem(error) {
  if (error.code === "weak_password") return { text: weakness(error), field: "password" };
  const code = SAME[error.code] ?? error.code;
  if (has(`auth.error.${code}`)) return { text: t(`auth.error.${code}`), field: FIELDS[code] };
  if (error.status === 429) return { text: t("auth.error.over_request_rate_limit") };
  // Supabase Auth's own sentences are in English.
  const isRefusal = error.status >= 400 && error.status < 500;
  if (isRefusal && error.sentence && language === "en") return { text: error.sentence };
  return { text: t(isRefusal ? "auth.error.refused" : "auth.error.other") };
}

/** Why Supabase Auth calls a password weak. @param {import("../lib/http.js").RequestError} error */
function weakness({ details }) {
  const reasons = /** @type {string[]} */ (details.reasons ?? ["length"]);
  const known = reasons.filter((reason) => has(`auth.weak.${reason}`));
  return known.map((reason) => t(`auth.weak.${reason}`)).join(" ") || t("auth.weak.other");
}
