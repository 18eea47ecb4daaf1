import { t } from "../lib/texts.js";

/** The pages that ask for a mail, and take its code. */
export const MAIL = {
  "sign-in": { title: t("mail.sign_in.title"), lead: t("mail.sign_in.lead") },
  recovery: { title: t("auth.forgot"), lead: t("mail.recovery.lead") },
};

export const ADDRESS_STEP = { submit: t("mail.submit"), submitting: t("sending") };

export const CODE_STEP = {
  title: t("code.title"),
  submit: t("go_on"),
  submitting: t("checking"),
};

/** The same step for somebody who did not ask for the mail here. */
export const OTHER_CODE_STEP = { ...CODE_STEP, title: t("code.own.title"), lead: t("code.own.lead") };

/** The sentence after a mail was asked for. @param {import("./sign-in-errands.js").Purpose} purpose @param {string} email */
export const mailSent = (purpose, email) =>
  t(purpose === "sign-up" ? "code.sent.sign_up" : "code.sent", { email });

export const NEW_PASSWORD = {
  title: t("new_password.title"),
  lead: t("new_password.lead"),
  submit: t("new_password.submit"),
  submitting: t("new_password.submitting"),
};
