import { day } from "./dates.js";
import { h } from "./dom.js";
import { count } from "./measures.js";

/** @typedef {import("./wallet.js").LotChange} LotChange */

/** How credits came, where they were not bought. @type {Record<string, string>} */
const CAME = { bonus: "given", correction: "put right" };

const names = new Intl.ListFormat();

/**
 * Which lots of credits an entry took from, or gave back to. One is a line of text; several are folded away.
 * @param {LotChange[]} lots
 */
export function lotsMoved(lots) {
  const direction = lots[0].credits < 0 ? "From" : "Back to";
  if (lots.length === 1) return h("p", { class: "entry__lots" }, `${direction} `, ...origin(lots[0]));
  const all = names.format(new Set(lots.map(({ name }) => name)));
  const shares = lots.map((lot) => h("p", {}, `${count(Math.abs(lot.credits), "credit")}: `, ...origin(lot)));
  return h("details", { class: "entry__lots" }, h("summary", {}, `${direction} ${all}`), ...shares);
}

/** @param {LotChange} lot */
function origin({ source, name, created_at: createdAt, expires_at: expiresAt }) {
  const came = Object.hasOwn(CAME, source) ? CAME[source] : "bought";
  if (!expiresAt) return [`${name}, ${came} `, day(createdAt)];
  const lapses = new Date(expiresAt) < new Date() ? "lapsed" : "lapses";
  return [`${name}, ${came} `, day(createdAt), `, ${lapses} `, day(expiresAt)];
}
