import { passwordMinLength } from "./auth-settings.js";
import { checks } from "../lib/field-checks.js";
import { formField, passwordField } from "../lib/form-field.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./step-form.js").CheckedField} CheckedField */

/** @param {string} [label] @returns {CheckedField} */
export function emailField(label = t("auth.email")) {
  const field = formField({ label, name: "email", type: "email", autocomplete: "username" });
  return Object.assign(field, { check: checks.email });
}

/** A code from a mail; phones offer the digits' keyboard, and the code itself. @param {string} [label] @returns {CheckedField} */
export function codeField(label = t("code.label")) {
  const field = formField({
    label,
    name: "code",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    maxlength: "16",
    class: "field__code",
  });
  return Object.assign(field, { check: checks.code });
}

/** A new password, with its rule told before the first try. @returns {CheckedField} */
export function newPasswordField(label = t("new_password.label")) {
  const field = passwordField({ label, name: "password", autocomplete: "new-password" });
  const checked = Object.assign(field, { check: checks.newPassword(null) });
  tellRule(checked);
  return checked;
}

/** @param {CheckedField} field */
async function tellRule(field) {
  const fewest = await passwordMinLength().catch(() => null);
  if (!fewest) return;
  field.hint(t("auth.password_rule", { n: fewest }));
  field.check = checks.newPassword(fewest);
}
