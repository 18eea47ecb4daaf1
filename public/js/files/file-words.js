import { has, t } from "../lib/texts.js";

/** @typedef {import("../lib/http.js").RequestError} RequestError */
/** @typedef {import("./files-api.js").OwnFile} OwnFile */

/** What to do about a file that did not get through. @param {OwnFile} file */
export function remedy({ status, error }) {
  switch (status) {
    case "awaiting_upload":
      return t("work.awaiting");
    case "expired":
      return t("work.expired");
    case "failed":
      return reason(error?.code ?? "", error?.message ?? "");
    default:
      return "";
  }
}

/** Whether it is the file, or what was asked, that will not do: asking again would not help. */
export function isRefusal(/** @type {RequestError} */ { status, code }) {
  if (code === "upload_refused") return false;
  return status >= 400 && status < 500 && ![401, 402, 408, 409, 429].includes(status);
}

/** What to tell a person when work on a file did not go on. @param {RequestError} error */
export function workProblem(error) {
  if (has(`work.error.${error.code}`)) return t(`work.error.${error.code}`);
  if (error.status === 429) return t("work.error.too_many");
  if (error.status >= 400 && error.status < 500 && error.sentence) return reason(error.code, error.sentence);
  if (error.status === 0) return t("work.error.no_answer");
  if (error.status === 503) return t("work.error.unavailable");
  return t("work.error.other");
}

/**
 * Why more credits are needed, and what becomes of the work meanwhile.
 * @param {string} name of the work
 * @param {{ details: Record<string, unknown> }} error with what is there and what it takes
 * @param {string} meanwhile
 */
export function shortage(name, { details }, meanwhile) {
  const [available, needed] = [Number(details.available), Number(details.required)];
  const required = t("credits", { n: needed });
  const key = available > 0 ? "short.some" : "short.none";
  return t(key, { name, required, available, n: needed - available, meanwhile });
}

/**
 * A refusal by its code; one that no text knows in the server's own words.
 * @param {string} code
 * @param {string} sentence
 */
function reason(code, sentence) {
  if (has(`work.error.${code}`)) return t(`work.error.${code}`);
  return sentence ? `${sentence} ${t("work.nothing_charged")}` : t("work.error.other");
}
