import { formatMoney } from "../lib/money.js";
import { formatNumber, has, t } from "../lib/texts.js";

/** @typedef {import("./wallet.js").Transaction} Transaction */
/** @typedef {import("./wallet.js").Price} Price */

/**
 * The words of an entry's line.
 * @typedef {{ what: string, detail: string, isSpare: boolean }} Headline  what: what a person looks for; detail: the
 *   price or what happened, "" for none; isSpare: whether a narrow line does without the detail
 */

/** @param {Transaction} transaction @returns {Headline} */
export function headline(transaction) {
  const { kind, file_name: file, description, price } = transaction;
  const word = kindInWords(kind);
  if (kind === "spend" && file) return { what: file, detail: feature(transaction), isSpare: true };
  if (kind === "spend") return { what: feature(transaction) || word, detail: "", isSpare: true };
  if (kind === "purchase" && price) return { what: description ?? word, detail: inMoney(price), isSpare: false };
  const what = file ?? (feature(transaction) || description);
  return what ? { what, detail: word, isSpare: false } : { what: word, detail: "", isSpare: false };
}

/** The feature that was used and how often; "" where there is none. @param {Transaction} transaction */
export function feature({ feature: id, feature_name: name, description, quantity }) {
  if (!id) return "";
  const times = (quantity ?? 1) > 1 ? ` × ${formatNumber(quantity ?? 1)}` : "";
  return `${name ?? description ?? asWords(id)}${times}`;
}

/** A kind this page has not heard of still reads as words. @param {string} kind */
export const kindInWords = (kind) => (has(`kind.${kind}`) ? t(`kind.${kind}`) : asWords(kind));

/** @param {Price} price */
export const inMoney = ({ amount, currency, decimals }) => formatMoney(amount, currency, decimals);

/** @param {string} id "docx_processing" */
export function asWords(id) {
  const words = id.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
