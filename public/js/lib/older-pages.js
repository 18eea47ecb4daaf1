/**
 * @template {{ id: string }} Item
 * @typedef {object} Pages
 * @property {Item[]} items  newest first
 * @property {string | null} cursor  where the next page begins
 */

/**
 * The newest page of a list followed by the older ones already read, if it reaches them: a list that somebody is
 * reading does not shrink under them.
 * @template {{ id: string }} Item
 * @param {Pages<Item>} newest
 * @param {Pages<Item>} read
 * @returns {Pages<Item>}
 */
export function withOlderPages(newest, read) {
  const oldest = newest.items.at(-1)?.id;
  const seam = read.items.findIndex(({ id }) => id === oldest);
  if (seam === -1) return newest;
  return { items: [...newest.items, ...read.items.slice(seam + 1)], cursor: read.cursor };
}
