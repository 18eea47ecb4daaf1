import { h, spoken } from "../lib/dom.js";
import { shelf } from "./file-shelf.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./files-api.js").OwnFile} OwnFile */
/** @typedef {import("./files-api.js").Download} Download */

/** What each product of a file is for, the most wanted first. @type {Record<string, string>} */
const LABELS = {
  "chapters.html": t("download.html"),
  "chapters.json": t("download.json"),
  "export.zip": t("download.zip"),
};

/** The most wanted product of a file, as a button; null if there is none. @param {OwnFile} file */
export function mainDownload(file) {
  const [first] = byUse(file);
  if (!first) return null;
  const label = h("span", { class: "download__label" }, t("download"));
  const what = spoken(t("download.what", { what: labelOf(first), name: file.filename }));
  return downloadLink(file, first, { class: "download" }, label, what);
}

/**
 * The other products, and the file itself, which comes last.
 * @param {OwnFile} file
 * @param {Record<string, string>} attributes of each link
 */
export function otherDownloads(file, attributes) {
  return byUse(file)
    .slice(1)
    .map((download) => downloadLink(file, download, attributes, t("download.other", { what: labelOf(download) })));
}

/** Lets links that are there lead to where the products are now. @param {Element} place @param {OwnFile} file */
export function renewLinks(place, { downloads }) {
  const addresses = new Map(downloads.map(({ name, url }) => [name, url]));
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (place.querySelectorAll("a[download]"));
  for (const link of links) link.href = addresses.get(link.download) ?? link.href;
}

/**
 * @param {OwnFile} file
 * @param {Download} download
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} content
 */
function downloadLink({ id }, { name, url }, attributes, ...content) {
  const onclick = (/** @type {Event} */ event) => shelf.isStale && renew(event, id, name);
  return h("a", { ...attributes, href: url, download: name, onclick }, ...content);
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

/** @param {Download} download */
function labelOf({ name }) {
  if (Object.hasOwn(LABELS, name)) return LABELS[name];
  return name.startsWith("source.") ? t("download.original") : name;
}

/** @param {OwnFile} file */
const byUse = ({ downloads }) => downloads.toSorted((a, b) => rank(a.name) - rank(b.name));

/** @param {string} name */
function rank(name) {
  const known = Object.keys(LABELS).indexOf(name);
  return known === -1 ? Object.keys(LABELS).length : known;
}
