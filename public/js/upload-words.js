import { count } from "./measures.js";
import { formatCredits } from "./money.js";

/** @typedef {import("./upload-job.js").UploadJob} UploadJob */

/** What an upload is at, in a sentence. @param {UploadJob} job @returns {string} */
export function stageInWords({ stage }) {
  switch (stage) {
    case "chosen":
      return "";
    case "waiting":
      return "Still here, and ready to go on. You need not choose it again.";
    case "starting":
      return "Setting the credits aside…";
    case "uploading":
      return "Uploading…";
    case "processing":
      return "Uploaded. Now it is being read…";
    case "done":
      return "Done.";
    case "failed":
      return "This file could not be processed.";
    case "refused":
      return "This file was not taken.";
    case "short":
      return "A few more credits are needed.";
    case "interrupted":
      return "This did not go through yet.";
    case "stopped":
      return "Stopped. Nothing was charged. Go on, or cancel the upload to have its credits back at once.";
  }
}

/** What it will cost and what that leaves. @param {number} cost @param {number} available */
export function quote(cost, available) {
  const left = available - cost;
  if (left >= 0) return `leaves ${formatCredits(left)} of ${count(available, "credit")}`;
  const has = available > 0 ? `you have ${formatCredits(available)}` : "you have none free";
  return `${has}: the store opens first, and your file waits`;
}
