import { t } from "../lib/texts.js";

/** @typedef {"sign-in" | "sign-up"} Mode */

/**
 * The two faces of the sign-in form.
 * @type {Record<Mode, { title: string, submit: string, submitting: string, other: string, switchTo: string,
 *   next: Mode, password: string }>}
 */
export const MODES = {
  "sign-in": {
    title: t("auth.sign_in.title"),
    submit: t("auth.sign_in.submit"),
    submitting: t("auth.sign_in.submitting"),
    other: t("auth.sign_in.other"),
    switchTo: t("auth.sign_in.switch"),
    next: "sign-up",
    password: "current-password",
  },
  "sign-up": {
    title: t("auth.sign_up.title"),
    submit: t("auth.sign_up.submit"),
    submitting: t("auth.sign_up.submitting"),
    other: t("auth.sign_up.other"),
    switchTo: t("auth.sign_up.switch"),
    next: "sign-in",
    password: "new-password",
  },
};
