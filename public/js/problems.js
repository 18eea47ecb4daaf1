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
  if (error.code === "offline")
    return { text: "You are offline. Connect to the internet, then try again.", remedy: "retry" };
  if (error.code === "payments_disabled")
    return { text: "Buying is switched off at the moment.", remedy: null };
  const waitSeconds = error.retryAfterSeconds ?? undefined;
  if (error.code === "too_many_declines") return { text: error.sentence, remedy: "retry", waitSeconds };
  if (error.code === "purse_moved") return { text: error.sentence, remedy: null };
  if (error.code === "unsellable_price")
    return { text: "This pack cannot be sold at the moment. Nothing was charged.", remedy: null };
  switch (error.status) {
    case 0:
      return { text: "The server did not answer. Nothing was charged.", remedy: "retry" };
    case 404:
      return { text: "This pack is no longer on sale.", remedy: "reload" };
    case 429:
      return {
        text: "That was a few tries too many. Wait a moment; nothing was charged.",
        remedy: "retry",
        waitSeconds: waitSeconds ?? DEFAULT_WAIT_SECONDS,
      };
    case 502:
      return { text: "The payment page could not be opened. Nothing was charged.", remedy: "retry" };
    case 503:
      return { text: "We are briefly unavailable. Nothing was charged.", remedy: "retry", waitSeconds };
    default:
      return { text: "Something went wrong on our side. Nothing was charged.", remedy: "retry" };
  }
}

/** The same for what was only being read: there is no charge to speak of. */
export function readingProblem(/** @type {import("./http.js").RequestError} */ error) {
  if (error.code === "offline") return "You are offline.";
  if (error.status === 401) return "Your session has ended.";
  if (error.status === 429) return "That was a few tries too many.";
  return "This could not be loaded.";
}
