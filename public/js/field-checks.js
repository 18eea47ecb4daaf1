import { CHECKS, passwordRule } from "./sign-in-words.js";

/** @typedef {import("./form-field.js").Field} Field */

const CODE = /^\d{6,10}$/;

/** The checks of a form before anything is sent. Each answers what is wrong, or "". */
export const checks = {
  /** @param {HTMLInputElement} input */
  email(input) {
    if (!input.value.trim()) return CHECKS.noEmail;
    return input.validity.typeMismatch ? CHECKS.notEmail : "";
  },
  /** @param {HTMLInputElement} input */
  password: (input) => (input.value ? "" : CHECKS.noPassword),
  /** @param {HTMLInputElement} input */
  code(input) {
    if (!readCode(input)) return CHECKS.noCode;
    return CODE.test(readCode(input)) ? "" : CHECKS.notCode;
  },
  /** A new password. @param {number | null} fewest characters, if they are known */
  newPassword: (fewest) => (/** @type {HTMLInputElement} */ input) => {
    if (!input.value) return CHECKS.noPassword;
    return fewest && input.value.length < fewest ? passwordRule(fewest) : "";
  },
};

/** A code as it was typed or pasted, without what a mail puts between its digits. @param {HTMLInputElement} input */
export const readCode = (input) => input.value.replace(/[\s-]/g, "");
