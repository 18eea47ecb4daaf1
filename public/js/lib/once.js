/**
 * Makes something when it is first wanted, and once: a format of Intl takes a slow phone longer than a card.
 * @template T
 * @param {() => T} make
 * @returns {() => T}
 */
export function once(make) {
  /** @type {{ value: T } | undefined} */
  let made;
  return () => (made ??= { value: make() }).value;
}
