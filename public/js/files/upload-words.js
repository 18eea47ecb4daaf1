import { remedy, shortage, workProblem } from "./file-words.js";
import { summaryLine } from "./file-summary.js";
import { formatSize } from "../lib/measures.js";
import { formatPercent } from "../lib/money.js";
import { t } from "../lib/texts.js";
import { shelf } from "./file-shelf.js";
import { kindOf } from "./file-kinds.js";

/** @typedef {import("./upload-job.js").UploadJob} UploadJob */

/** What an upload is at, in a line. @param {UploadJob} job @param {boolean} fits whether it can be paid for */
export function stageInWords(job, fits) {
  const { stage, cost, progress, result } = job;
  if (cost === null && stage !== "done") return t("upload.kind_off");
  switch (stage) {
    case "chosen":
    case "short":
      return t(fits ? "stage.chosen" : "stage.short");
    case "waiting":
      return t(fits ? "stage.waiting" : "stage.short");
    case "uploading":
      return t("stage.uploading", { share: formatPercent(Math.floor(progress * 100)) });
    case "done":
      return [t("stage.done"), summaryLine(result?.summary ?? null)].filter(Boolean).join(" · ");
    default:
      return t(`stage.${stage}`);
  }
}

/** Why an upload is where it is, if that needs a reason. @param {UploadJob} job */
export function explanation({ stage, result, error }) {
  if (stage === "failed") return result ? remedy(result) : "";
  return error && (stage === "refused" || stage === "interrupted") ? workProblem(error) : "";
}

/**
 * Why a file was not taken into the queue, and what helps.
 * @param {{ file: File, trouble: string }} refused  trouble: the sentence's key
 */
export function refusal({ file, trouble }) {
  const limit = shelf.maxBytes?.[kindOf(file.name)?.feature ?? ""];
  const size = formatSize(file.size);
  return t(trouble, { name: file.name, size, limit: limit ? formatSize(limit) : "" });
}

/**
 * Why the store is open: what these uploads take, and what becomes of them meanwhile.
 * @param {UploadJob[]} jobs those that cannot be paid for, and those that can
 * @param {{ required: number, available: number }} credits
 */
export function shortageOf(jobs, { required, available }) {
  const areKept = jobs.every(({ isKept }) => isKept);
  if (jobs.length === 1) {
    const meanwhile = t(areKept ? "short.waits" : "short.cannot_wait");
    return shortage(t("file.quoted", { name: jobs[0].file.name }), { details: { required, available } }, meanwhile);
  }
  const meanwhile = t(areKept ? "short.wait" : "short.cannot_wait.all");
  return shortage(t("short.uploads", { n: jobs.length }), { details: { required, available } }, meanwhile);
}
