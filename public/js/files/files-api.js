import { call } from "../session/api.js";

/** How long a function may work on a file, and a little more. */
const PROCESSING_SECONDS = 310;

/** A key that no request was made under. @returns {string} */
export const newKey = () => crypto.randomUUID();

/**
 * @typedef {{ id: string, feature: string, filename: string, size: number, content_type: string,
 *   status: "awaiting_upload" | "processing" | "done" | "failed" | "expired", credits: number,
 *   created_at: string, completed_at: string | null, error: { code: string, message: string } | null,
 *   transaction_id: string | null, summary: Summary | null, downloads: Download[] }} OwnFile
 * @typedef {{ title?: string, words?: number, characters?: number, chapter_count?: number, chapters?: { title: string, words: number }[],
 *   duration_seconds?: number, format?: string, artist?: string, album?: string, files?: number }} Summary
 * @typedef {{ name: string, url: string, content_type: string }} Download
 * @typedef {{ method: string, url: string, headers: Record<string, string> }} UploadTarget
 * @typedef {{ files: OwnFile[], next_cursor: string | null, max_bytes: Record<string, number> }} FilePage
 *   max_bytes: the largest file that each feature takes
 */

/**
 * A page of one's files, newest first.
 * @param {{ limit?: number, cursor?: string }} query
 * @returns {Promise<FilePage>}
 */
export function getFiles({ limit, cursor }) {
  const query = new URLSearchParams();
  if (limit) query.set("limit", String(limit));
  if (cursor) query.set("cursor", cursor);
  return call(`/api/files?${query}`);
}

/**
 * Sets the credits aside and answers where to put the file; asked again under the same key, the same file.
 * @param {{ feature: string, filename: string, size: number, content_type: string }} about
 * @param {string} key
 * @returns {Promise<{ file: OwnFile, upload: UploadTarget | null }>}
 */
export function createFile(about, key) {
  return call("/api/files", { method: "POST", body: about, headers: { "Idempotency-Key": key } });
}

/**
 * Deletes a file and everything made from it; credits held for its upload are free at once.
 * @param {string} fileId
 * @returns {Promise<{ balance: number, available: number }>}
 */
export function deleteFile(fileId) {
  return call(`/api/files?file_id=${encodeURIComponent(fileId)}`, { method: "DELETE" });
}

/**
 * Has an uploaded file processed and paid for, once however often it is asked.
 * @param {string} fileId
 * @returns {Promise<{ file: OwnFile, balance: number }>}
 */
export function completeFile(fileId) {
  return call("/api/files/complete", {
    method: "POST",
    body: { file_id: fileId },
    timeoutSeconds: PROCESSING_SECONDS,
  });
}

/**
 * Packs files into one ZIP and has it paid for, once under a key.
 * @param {string[]} fileIds
 * @param {string} key
 * @returns {Promise<{ file: OwnFile, balance: number }>}
 */
export function exportFiles(fileIds, key) {
  return call("/api/files/export", {
    method: "POST",
    body: { file_ids: fileIds },
    headers: { "Idempotency-Key": key },
    timeoutSeconds: PROCESSING_SECONDS,
  });
}
