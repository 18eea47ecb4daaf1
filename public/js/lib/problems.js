import { t } from "./texts.js";

/**
 * @typedef {"retry" | "reload" | null} Remedy
 * @typedef {{ text: string, remedy: Remedy, waitSeconds?: number }} Problem
 */

const DEFAULT_WAIT_SECONDS = 10;

/**
 * What to tell a person when one of our functions did not do what they asked, and what they can do about it.
 * @param {import("./http.js").RequestError} error
 * @returns {Problem}
 */
export function problem(error) {
  const waitSeconds = error.retryAfterSeconds ?? undefined;
  switch (error.code) {
    case "offline":
      return { text: t("problem.offline"), remedy: "retry" };
    case "payments_disabled":
      return { text: t("problem.payments_disabled"), remedy: null };
    case "too_many_declines":
      return { text: t("problem.too_many_declines"), remedy: "retry", waitSeconds };
    case "purse_moved":
      return { text: t("problem.purse_moved"), remedy: null };
    case "unsellable_price":
      return { text: t("problem.unsellable_price"), remedy: null };
  }
  switch (error.status) {
    case 0:
      return { text: t("problem.no_answer"), remedy: "retry" };
    case 404:
      return { text: t("problem.not_on_sale"), remedy: "reload" };
    case 429:
      return {
        text: t("problem.too_many"),
        remedy: "retry",
        waitSeconds: waitSeconds ?? DEFAULT_WAIT_SECONDS,
      };
    case 502:
      return { text: t("problem.payment_page"), remedy: "retry" };
    case 503:
      return { text: t("problem.unavailable"), remedy: "retry", waitSeconds };
    default:
      return { text: t("problem.other"), remedy: "retry" };
  }
}

/** The same for what was only being read: there is no charge to speak of. */
export function readingProblem(/** @type {import("./http.js").RequestError} */ error) {
  if (error.code === "offline") return t("reading.offline");
  if (error.status === 401) return t("reading.session_over");
  if (error.status === 429) return t("reading.too_many");
  return t("reading.other");
}
