import { t } from "../lib/texts.js";

/** @typedef {{ feature: string, contentType: string, name: string }} FileKind */

const TEXT = { feature: "txt_upload", contentType: "text/plain", name: t("file.kind.text") };
const RECORDING = { feature: "audio_upload", name: t("file.kind.recording") };

/** What may be uploaded, by the ending of its name. @type {Record<string, FileKind>} */
const KINDS = {
  docx: {
    feature: "docx_processing",
    contentType: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    name: t("file.kind.word"),
  },
  txt: TEXT,
  md: TEXT,
  mp3: { ...RECORDING, contentType: "audio/mpeg" },
  wav: { ...RECORDING, contentType: "audio/wav" },
  m4a: { ...RECORDING, contentType: "audio/mp4" },
  m4b: { ...RECORDING, contentType: "audio/mp4" },
  flac: { ...RECORDING, contentType: "audio/flac" },
  ogg: { ...RECORDING, contentType: "audio/ogg" },
  oga: { ...RECORDING, contentType: "audio/ogg" },
  opus: { ...RECORDING, contentType: "audio/ogg" },
};

/** What may be uploaded, as it is said before anybody chooses. */
export const OFFERS = [
  { feature: "docx_processing", name: t("drop.documents"), endings: "DOCX" },
  { feature: "txt_upload", name: t("drop.texts"), endings: "TXT, MD" },
  { feature: "audio_upload", name: t("drop.recordings"), endings: "MP3, WAV, M4A, M4B, FLAC, OGG, Opus" },
];

export const EXPORT_FEATURE = "premium_export";
/** As many files go into one export at most. */
export const MOST_EXPORTED = 50;

/** For a file input. */
export const ACCEPTED = Object.keys(KINDS)
  .map((ending) => `.${ending}`)
  .join();

/** The browser's own idea of a type differs from one to the next, so the name decides. @param {string} filename */
export function kindOf(filename) {
  const ending = filename.split(".").slice(1).at(-1)?.toLowerCase() ?? "";
  return Object.hasOwn(KINDS, ending) ? KINDS[ending] : null;
}

/** What a file that is here already is called. @param {import("./files-api.js").OwnFile} file */
export function kindName({ feature, filename }) {
  if (feature === EXPORT_FEATURE) return t("file.kind.export");
  return kindOf(filename)?.name ?? t("file.kind.other");
}
