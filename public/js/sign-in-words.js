/** @typedef {import("./arrival.js").ArrivalProblem} ArrivalProblem */

/** Why a link did not sign anybody in. @type {Record<ArrivalProblem, string>} */
export const ARRIVAL = {
  expired: "That link has been used or has expired. Ask for a new mail, and enter its code.",
  elsewhere: "That link works only in the browser that asked for it. Ask for a new mail, and enter its code.",
  cancelled: "You were not signed in. Try again, or choose another way.",
  failed: "That link did not work. Ask for a new mail, and enter its code.",
  tokens: "Sign in with your e-mail address and password to go on.",
  unreachable: "The sign-in service cannot be reached. Reload this page in a moment.",
};

/** For a used link that is opened while signed in. */
export const LINK_OVER = "That link has been used or has expired. You are signed in already.";

/** The form's message when a session has ended. */
export const EXPIRED = "Your session has ended. Sign in again to go on.";

/** The form's message after the account was deleted on another device. */
export const ACCOUNT_DELETED = "This account was deleted.";

export const FORM = {
  email: "E-mail",
  password: "Password",
  forgot: "Forgot your password?",
  byMail: "Sign in by mail instead",
};

/** The pages that ask for a mail, and take its code. */
export const MAIL = {
  "sign-in": {
    title: "Sign in by mail",
    lead: "We send you a link and a code. Either signs you in.",
  },
  recovery: {
    title: "Forgot your password?",
    lead: "We send you a link and a code. With either you set a new password.",
  },
};

export const ADDRESS_STEP = {
  submit: "Send the mail",
  submitting: "Sending…",
  haveCode: "I have a code already",
  back: "Back to sign in",
};

export const CODE_STEP = {
  title: "Check your mail",
  haveCodeTitle: "Enter the code",
  haveCodeLead: "Enter the code from the mail, and the address that it was sent to.",
  code: "Code from the mail",
  submit: "Go on",
  submitting: "Checking…",
  resend: "Send it again",
  resending: "Sending…",
  resent: "A new mail is on its way. Codes from older mails no longer work.",
  other: "Ask for a new mail",
};

/** The sentence after a mail was asked for. @param {import("./sign-in-errands.js").Purpose} purpose @param {string} email */
export function mailSent(purpose, email) {
  if (purpose === "sign-up")
    return `We sent a mail to ${email}. Enter its code here. If no mail comes, you may have an account already: sign in instead.`;
  return `If there is an account for ${email}, a mail is on its way. Enter its code here. Its link works, too, for five minutes and in this browser.`;
}

/** @param {number} seconds */
export const resendIn = (seconds) => `Send it again in ${seconds} s`;

export const NEW_PASSWORD = {
  title: "Set a new password",
  lead: "You are signed in. Your other devices are signed out once the password is set.",
  label: "New password",
  submit: "Set the password",
  submitting: "Setting…",
  doneTitle: "Your new password is set",
  done: "You are signed in here. Every other device was signed out.",
  doneHereOnly:
    "You are signed in here. Other devices may stay signed in: sign out everywhere on the account page.",
  goOn: "Go on",
};

/** @param {number} characters */
export const passwordRule = (characters) => `At least ${characters} characters.`;

/** Why Supabase Auth calls a password weak. @type {Record<string, string>} */
export const WEAK = {
  length: "It is too short.",
  characters: "It needs more kinds of characters: small letters, capitals, digits and symbols.",
  pwned: "It is known from a data leak. Choose one that you use nowhere else.",
};

/** Problems of fields, found before anything is sent. */
export const CHECKS = {
  noEmail: "Enter your e-mail address.",
  notEmail: "This does not look like an e-mail address.",
  noPassword: "Enter your password.",
  noCode: "Enter the code from the mail.",
  notCode: "The code has 6 to 10 digits.",
};

export const PROVIDERS = {
  or: "or",
  /** @param {string} name */
  button: (name) => `Continue with ${name}`,
};
