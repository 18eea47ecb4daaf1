import { t } from "../lib/texts.js";

/** @typedef {import("./files-api.js").OwnFile} OwnFile */

/** The button that deletes a file; null while nothing can be deleted. @param {OwnFile} file */
export function deleteLabel({ status }) {
  if (status === "processing") return null;
  return t(status === "awaiting_upload" ? "upload.cancel" : "file.delete");
}

/** The question before a file is deleted. @param {OwnFile} file */
export function deleteQuestion({ filename: name, status, credits }) {
  if (status === "awaiting_upload")
    return {
      title: t("file.ask.cancel", { name }),
      text: t("file.ask.cancel.more", { n: credits }),
      confirm: t("upload.cancel"),
      cancel: t("file.ask.keep_waiting"),
    };
  const paid = status === "done" ? ` ${t("file.ask.delete.paid")}` : "";
  return {
    title: t("file.ask.delete", { name }),
    text: t("file.ask.delete.more") + paid,
    confirm: t("file.ask.delete.confirm"),
    cancel: t("file.ask.keep"),
  };
}

/** The announcement after a file was deleted. @param {OwnFile} file */
export const deletedSentence = ({ filename: name, status }) =>
  t(status === "awaiting_upload" ? "file.cancelled" : "file.deleted", { name });

/** Why a file was not deleted. @param {import("../lib/http.js").RequestError} error */
export function deleteProblem(error) {
  if (error.code === "offline") return t("problem.offline");
  if (error.code === "file_processing") return t("file.not_deleted.processing");
  if (error.status === 401) return t("file.not_deleted.session_over");
  if (error.status === 429) return t("file.not_deleted.too_many");
  return t("file.not_deleted");
}
