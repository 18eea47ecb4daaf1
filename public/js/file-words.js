import { count } from "./measures.js";
import { formatCredits } from "./money.js";

/** @typedef {import("./http.js").RequestError} RequestError */
/** @typedef {import("./files-api.js").OwnFile} OwnFile */

const NOTHING_CHARGED = "Nothing was charged.";

/** What is said of a file in the list in each status; that it is done shows in what came of it. */
export const STATUS = {
  awaiting_upload: "Waiting for its upload",
  processing: "Being processed",
  done: "",
  failed: "Could not be processed",
  expired: "Never arrived whole",
};

/** What to do about a file that did not get through. @param {OwnFile} file */
export function remedy({ status, error }) {
  switch (status) {
    case "awaiting_upload":
      return "Choose the file again to upload it. If you do not, what is set aside comes back by itself.";
    case "expired":
      return `${NOTHING_CHARGED} Choose the file again to upload it.`;
    case "failed":
      return uncharged(error?.message ?? "Something went wrong on our side.");
    default:
      return "";
  }
}

/** A reason with the reassurance, said once. @param {string} text */
export function uncharged(text) {
  return /nothing was charged/i.test(text) ? text : `${text} ${NOTHING_CHARGED}`;
}

/** Whether it is the file, or what was asked, that will not do: asking again would not help. */
export function isRefusal(/** @type {RequestError} */ { status, code }) {
  if (code === "upload_refused") return false;
  return status >= 400 && status < 500 && ![401, 402, 408, 409, 429].includes(status);
}

/** What to tell a person when work on a file did not go on. @param {RequestError} error */
export function workProblem(error) {
  if (error.code === "offline") return "You are offline. Connect to the internet, then try again.";
  if (error.code === "upload_interrupted")
    return "The upload was interrupted. Nothing was charged; go on when you like.";
  if (error.code === "upload_expired")
    return "It took so long that what was set aside went back. Nothing was charged; try again.";
  if (error.code === "not_uploaded") return "The file did not arrive. Nothing was charged; try again.";
  if (error.code === "file_processing")
    return "It is still being processed. You need not wait here: it will be in the list below.";
  if (error.code === "not_configured") return "Files are switched off at the moment. Nothing was charged.";
  if (error.code === "unknown_feature") return uncharged("This is not offered at the moment.");
  if (error.status === 429) return "That was a few tries too many. Wait a moment; nothing was charged.";
  if (error.status >= 400 && error.status < 500 && error.sentence) return uncharged(error.sentence);
  if (error.status === 0)
    return "The server did not answer. Try again: it is charged once, however often you try.";
  if (error.status === 503) return "We are briefly unavailable. Try again in a moment.";
  return "Something went wrong on our side. Try again: it is charged once, however often you try.";
}

/**
 * Why more credits are needed, and what becomes of the work meanwhile.
 * @param {string} name of the work
 * @param {{ details: Record<string, unknown> }} error with what is there and what it takes
 * @param {string} meanwhile
 */
export function shortage(name, { details }, meanwhile) {
  const [available, required] = [Number(details.available), Number(details.required)];
  const has = available > 0 ? `you have ${formatCredits(available)}` : "there are none free just now";
  const missing = required - available;
  const needed = `${formatCredits(missing)} more ${missing === 1 ? "is" : "are"} needed.`;
  return `${name} takes ${count(required, "credit")}, and ${has}: ${needed} ${meanwhile}`;
}
