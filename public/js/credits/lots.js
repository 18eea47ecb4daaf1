import { day } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { locale, parts, t } from "../lib/texts.js";

/** @typedef {import("./wallet.js").LotChange} LotChange */

/** How credits came, where they were not bought. @type {Record<string, string>} */
const CAME = { bonus: "lot.given", correction: "lot.adjusted" };

const names = new Intl.ListFormat(locale);

/**
 * Which lots of credits an entry took from, or gave back to. One is a line of text; several are folded away.
 * @param {LotChange[]} lots
 */
export function lotsMoved(lots) {
  const direction = lots[0].credits < 0 ? "lots.from" : "lots.back_to";
  if (lots.length === 1) {
    return h("p", { class: "entry__lots" }, ...parts(direction, { lots: origin(lots[0]) }));
  }
  const all = names.format(new Set(lots.map(({ name }) => name)));
  const shares = lots.map((lot) => {
    const credits = t("credits", { n: Math.abs(lot.credits) });
    return h("p", {}, ...parts("lots.share", { credits, lot: origin(lot) }));
  });
  return h("details", { class: "entry__lots" }, h("summary", {}, t(direction, { lots: all })), ...shares);
}

/** @param {LotChange} lot */
function origin({ source, name, created_at: createdAt, expires_at: expiresAt }) {
  const came = Object.hasOwn(CAME, source) ? CAME[source] : "lot.bought";
  const lot = span(parts(came, { name, day: day(createdAt) }));
  if (!expiresAt) return lot;
  const text = new Date(expiresAt) < new Date() ? "lot.expired" : "lot.expires";
  return span(parts(text, { lot, day: day(expiresAt) }));
}

/** @param {(Node | string)[]} children */
const span = (children) => h("span", {}, ...children);
