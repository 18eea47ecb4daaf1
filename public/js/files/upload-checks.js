/** At most this many files wait in the queue at a time. */
export const MOST_QUEUED = 50;

/**
 * Why a file is not taken into the queue: the key of the sentence, or null. Pure.
 * @param {{ name: string, size: number, lastModified: number }} file
 * @param {{ kind: object | null, maxBytes: number | undefined,
 *   queued: { name: string, size: number, lastModified: number }[] }} place
 *   kind: what its name says it is, if that is taken; maxBytes: undefined until the server has said it
 */
export function troubleWith(file, { kind, maxBytes, queued }) {
  if (!kind) return "drop.kinds";
  if (file.size === 0) return "drop.empty";
  if (maxBytes !== undefined && file.size > maxBytes) return "drop.too_large";
  if (queued.some((other) => isSame(file, other))) return "drop.twice";
  return queued.length >= MOST_QUEUED ? "drop.full" : null;
}

/**
 * Whether both are the same file of a disk, as far as a page can tell.
 * @param {{ name: string, size: number, lastModified: number }} a
 * @param {{ name: string, size: number, lastModified: number }} b
 */
const isSame = (a, b) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
