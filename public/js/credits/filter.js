/** @typedef {import("./wallet.js").Payment} Payment */
/** @typedef {{ kind: string, feature: string, q: string }} Filter  kind: a group; "" for no limit */

/** What people ask for, and the ledger's kinds it stands for. @type {Record<string, string[]>} */
export const GROUPS = {
  bought: ["purchase"],
  used: ["spend"],
  returned: ["reversal"],
  refunded: ["clawback", "giveback"],
  gifts: ["bonus"],
  expired: ["expiry", "expiry_reversal"],
  other: ["correction", "move_out", "move_in", "forfeit", "forfeit_reversal", "write_off"],
};

export const LONGEST_SEARCH = 80;
const FEATURE = /^[a-z][a-z0-9_]{0,62}$/;

/** @type {Readonly<Filter>} */
export const NONE = Object.freeze({ kind: "", feature: "", q: "" });

/** @param {Filter} filter */
export const isActive = ({ kind, feature, q }) => Boolean(kind || feature || q);

/** @param {Filter} one @param {Filter} other */
export const isSame = (one, other) => one.kind === other.kind && one.feature === other.feature && one.q === other.q;

/** As GET /api/credits takes it. @param {Filter} filter */
export const asQuery = ({ kind, feature, q }) => ({ kind: GROUPS[kind]?.join(","), feature, q });

/** A filter from an address; what makes no sense there counts for nothing. @param {string} search @returns {Filter} */
export function fromAddress(search) {
  const query = new URLSearchParams(search);
  const [kind, feature, q] = ["kind", "feature", "q"].map((name) => query.get(name) ?? "");
  return {
    kind: Object.hasOwn(GROUPS, kind) ? kind : "",
    feature: FEATURE.test(feature) ? feature : "",
    q: searchable(q),
  };
}

/** As the server takes it: no control characters, and no longer than it allows. @param {string} text */
export const searchable = (text) => text.replace(/[\p{Cc}\p{Cs}]/gu, " ").trim().slice(0, LONGEST_SEARCH).trim();

/** The same address with another filter. @param {string} search @param {Filter} filter */
export function inAddress(search, filter) {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(filter)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  return query.size ? `?${query}` : "";
}

/** A payment without credits is a purchase that is not there yet. @param {Payment} payment @param {Filter} filter */
export function matches({ name }, { kind, feature, q }) {
  const isKind = !kind || kind === "bought";
  return isKind && !feature && name.toLowerCase().includes(q.toLowerCase());
}
