import { passwordMinLength } from "./auth-settings.js";
import { checks } from "./field-checks.js";
import { formField, passwordField } from "./form-field.js";
import { CODE_STEP, FORM, NEW_PASSWORD, passwordRule } from "./sign-in-words.js";

/** @typedef {import("./step-form.js").CheckedField} CheckedField */

/** @param {string} [label] @returns {CheckedField} */
export function emailField(label = FORM.email) {
  const field = formField({ label, name: "email", type: "email", autocomplete: "username" });
  return Object.assign(field, { check: checks.email });
}

/** A code from a mail; phones offer the digits' keyboard, and the code itself. @param {string} [label] @returns {CheckedField} */
export function codeField(label = CODE_STEP.code) {
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
export function newPasswordField(label = NEW_PASSWORD.label) {
  const field = passwordField({ label, name: "password", autocomplete: "new-password" });
  const checked = Object.assign(field, { check: checks.newPassword(null) });
  tellRule(checked);
  return checked;
}

/** @param {CheckedField} field */
async function tellRule(field) {
  const fewest = await passwordMinLength().catch(() => null);
  if (!fewest) return;
  field.hint(passwordRule(fewest));
  field.check = checks.newPassword(fewest);
}
