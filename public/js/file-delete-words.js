import { count } from "./measures.js";

/** @typedef {import("./files-api.js").OwnFile} OwnFile */

/** The button that deletes a file; null while nothing can be deleted. @param {OwnFile} file */
export function deleteLabel({ status }) {
  if (status === "processing") return null;
  return status === "awaiting_upload" ? "Cancel upload" : "Delete";
}

/** The question before a file is deleted. @param {OwnFile} file */
export function deleteQuestion({ filename, status, credits }) {
  if (status === "awaiting_upload") {
    const text = `The ${count(credits, "credit")} set aside for it can be spent again at once.`;
    return {
      title: `Cancel the upload of ${filename}?`,
      text,
      confirm: "Cancel upload",
      cancel: "Keep waiting",
    };
  }
  const paid = status === "done" ? " The credits that it cost are not returned." : "";
  return {
    title: `Delete ${filename}?`,
    text: `The file and everything made from it are deleted. This cannot be undone.${paid}`,
    confirm: "Delete file",
    cancel: "Keep file",
  };
}

/** The announcement after a file was deleted. @param {OwnFile} file */
export const deletedSentence = ({ filename, status }) =>
  status === "awaiting_upload" ? `The upload of ${filename} was cancelled.` : `${filename} was deleted.`;

/** Why a file was not deleted. @param {import("./http.js").RequestError} error */
export function deleteProblem(error) {
  if (error.code === "offline") return "You are offline. Connect to the internet, then try again.";
  if (error.code === "file_processing")
    return "This file is being processed. You can delete it when that is done.";
  if (error.status === 401) return "Your session has ended. Sign in again; the file is still there.";
  if (error.status === 429) return "You tried too often. Wait a moment, then try again.";
  return "The file could not be deleted. Try again in a moment.";
}
