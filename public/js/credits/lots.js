import { day } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { parts, t } from "../lib/texts.js";

/** @typedef {import("./wallet.js").LotChange} LotChange */

/** How credits came, where they were not bought. @type {Record<string, string>} */
const CAME = { bonus: "lot.given", correction: "lot.adjusted" };

/**
 * Which lots of credits an entry took from, or gave back to: a name for the list, and a paragraph each.
 * @param {LotChange[]} lots
 * @returns {[string, Node[]]}
 */
export function lotsMoved(lots) {
  const label = t(lots[0].credits < 0 ? "lots.from" : "lots.back_to");
  if (lots.length === 1) return [label, [h("p", {}, origin(lots[0]))]];
  const shares = lots.map((lot) => {
    const credits = t("credits", { n: Math.abs(lot.credits) });
    return h("p", {}, ...parts("lots.share", { credits, lot: origin(lot) }));
  });
  return [label, shares];
}

/** Until when a lot lasts: a name for the day, and the day. @param {string} expiresAt @returns {[string, Node[]]} */
export const lasting = (expiresAt) => [t(isOver(expiresAt) ? "lots.expired" : "lots.expires"), [day(expiresAt)]];

/** @param {LotChange} lot */
function origin({ source, name, created_at: createdAt, expires_at: expiresAt }) {
  const came = Object.hasOwn(CAME, source) ? CAME[source] : "lot.bought";
  const lot = span(parts(came, { name, day: day(createdAt) }));
  if (!expiresAt) return lot;
  return span(parts(isOver(expiresAt) ? "lot.expired" : "lot.expires", { lot, day: day(expiresAt) }));
}

/** @param {string} expiresAt */
const isOver = (expiresAt) => new Date(expiresAt) < new Date();

/** @param {(Node | string)[]} children */
const span = (children) => h("span", {}, ...children);
