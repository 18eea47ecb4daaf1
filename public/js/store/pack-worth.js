/** @typedef {import("./catalogue.js").Package} Package */
/** @typedef {import("./catalogue.js").Feature} Feature */
/** @typedef {Pick<Package, "id" | "credits" | "unit_amount" | "currency">} Priced */

/**
 * Whether a credit costs less here than in every other pack. Prices in different currencies cannot be compared, so
 * one pack in another currency is enough that none is the best.
 * @param {Priced} pack
 * @param {Priced[]} packs all that the buyer can choose from
 */
export function isBestValue(pack, packs) {
  const others = packs.filter(({ id }) => id !== pack.id);
  return others.length > 0 && others.every((other) => other.currency === pack.currency && isCheaper(pack, other));
}

/** @param {Priced} a @param {Priced} b */
const isCheaper = (a, b) => a.unit_amount * b.credits < b.unit_amount * a.credits;

/**
 * How often each feature can be used with so many credits, the most telling one first. A number tells most if no pack
 * leaves a remainder of it. Among such features the dearest comes first, because it promises least. The order is the
 * same for each pack, so that buyers can compare them.
 * @param {number} credits
 * @param {Feature[]} features
 * @param {Pick<Package, "credits">[]} packs
 * @returns {(Feature & { n: number })[]} those that the credits pay for at least once
 */
export function usesOf(credits, features, packs) {
  const isEven = (/** @type {Feature} */ { credits: cost }) => packs.every((pack) => pack.credits % cost === 0);
  return features
    .toSorted((a, b) => Number(isEven(b)) - Number(isEven(a)) || b.credits - a.credits)
    .map((feature) => ({ ...feature, n: Math.floor(credits / feature.credits) }))
    .filter(({ n }) => n > 0);
}

/**
 * What a purchase does to a balance, in credits. What is owed is paid off first.
 * @param {number} credits
 * @param {number} balance negative: owed
 */
export function afterwards(credits, balance) {
  const owed = Math.max(0, -balance);
  return { balance: balance + credits, owed, paid: Math.min(owed, credits), left: Math.max(0, balance + credits) };
}
