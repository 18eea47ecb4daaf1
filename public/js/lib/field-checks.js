import { t } from "./texts.js";

/** @typedef {import("./form-field.js").Field} Field */

const CODE = /^\d{6,10}$/;

/** The checks of a form before anything is sent. Each answers what is wrong, or "". */
export const checks = {
  /** @param {HTMLInputElement} input */
  email(input) {
    if (!input.value.trim()) return t("auth.enter_email");
    return input.validity.typeMismatch ? t("auth.not_an_email") : "";
  },
  /** @param {HTMLInputElement} input */
  password: (input) => (input.value ? "" : t("auth.enter_password")),
  /** @param {HTMLInputElement} input */
  code(input) {
    if (!readCode(input)) return t("auth.enter_code");
    return CODE.test(readCode(input)) ? "" : t("auth.not_a_code");
  },
  /** A new password. @param {number | null} fewest characters, if they are known */
  newPassword: (fewest) => (/** @type {HTMLInputElement} */ input) => {
    if (!input.value) return t("auth.enter_password");
    return fewest && input.value.length < fewest ? t("auth.weak.length") : "";
  },
};

/** A code as it was typed or pasted, without what a mail puts between its digits. @param {HTMLInputElement} input */
export const readCode = (input) => input.value.replace(/[\s-]/g, "");
