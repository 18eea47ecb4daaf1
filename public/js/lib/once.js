/**
 * The first call makes it, and later calls return the same. Formats of Intl are made so: a page waits for none that
 * it does not use.
 * @template T
 * @param {() => T} make
 * @returns {() => T}
 */
export function once(make) {
  /** @type {{ value: T } | undefined} */
  let made;
  return () => (made ??= { value: make() }).value;
}
