import { h, spoken } from "../lib/dom.js";
import { shelf } from "./file-shelf.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./files-api.js").OwnFile} OwnFile */

/** What each product of a file is for, the most wanted first. @type {Record<string, string>} */
const LABELS = {
  "chapters.html": t("download.html"),
  "chapters.json": t("download.json"),
  "export.zip": t("download.zip"),
};

/** The ways to what came of a file, and to the file itself, which comes last. @param {OwnFile} file */
export function downloadLinks({ id, filename, downloads }) {
  if (!downloads.length) return null;
  const links = downloads.toSorted(byUse).map(({ name, url }) => {
    const onclick = (/** @type {Event} */ event) => shelf.isStale && renew(event, id, name);
    const attributes = { class: "download", href: url, download: name, onclick };
    return h("a", attributes, label(name), spoken(t("download.of", { name: filename })));
  });
  return h("p", { class: "downloads" }, ...links);
}

/** Lets links that are there lead to where the products are now. @param {Element} place @param {OwnFile} file */
export function renewLinks(place, { downloads }) {
  const addresses = new Map(downloads.map(({ name, url }) => [name, url]));
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (place.querySelectorAll(".download"));
  for (const link of links) link.href = addresses.get(link.download) ?? link.href;
}

/**
 * An address that has run out would lead to an error of the storage's.
 * @param {Event} event
 * @param {string} id
 * @param {string} name
 */
async function renew(event, id, name) {
  event.preventDefault();
  const { href } = /** @type {HTMLAnchorElement} */ (event.currentTarget);
  location.assign((await shelf.addressOf(id, name)) ?? href);
}

/** @param {string} name */
function label(name) {
  if (Object.hasOwn(LABELS, name)) return LABELS[name];
  return name.startsWith("source.") ? t("download.original") : name;
}

/** @param {{ name: string }} a @param {{ name: string }} b */
const byUse = (a, b) => rank(a.name) - rank(b.name);

/** @param {string} name */
function rank(name) {
  const known = Object.keys(LABELS).indexOf(name);
  return known === -1 ? Object.keys(LABELS).length : known;
}
