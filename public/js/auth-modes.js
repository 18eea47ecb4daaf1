/** @typedef {"sign-in" | "sign-up"} Mode */

/**
 * The two faces of the sign-in form.
 * @type {Record<Mode, { title: string, submit: string, submitting: string, other: string, switchTo: string,
 *   next: Mode, password: string }>}
 */
export const MODES = {
  "sign-in": {
    title: "Sign in",
    submit: "Sign in",
    submitting: "Signing in…",
    other: "New here?",
    switchTo: "Create an account",
    next: "sign-up",
    password: "current-password",
  },
  "sign-up": {
    title: "Create your account",
    submit: "Create account",
    submitting: "Creating account…",
    other: "Been here before?",
    switchTo: "Sign in instead",
    next: "sign-in",
    password: "new-password",
  },
};
