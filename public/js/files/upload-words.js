import { t } from "../lib/texts.js";

/** @typedef {import("./upload-job.js").UploadJob} UploadJob */

/** What an upload is at, in a sentence; nothing before it begins. @param {UploadJob} job */
export const stageInWords = ({ stage }) => (stage === "chosen" ? "" : t(`stage.${stage}`));

/** What it will cost and what that leaves. @param {number} cost @param {number} available */
export function quote(cost, available) {
  const left = available - cost;
  if (left >= 0) return t("upload.leaves", { left, n: available });
  return available > 0 ? t("upload.you_have", { n: available }) : t("upload.none_free");
}
