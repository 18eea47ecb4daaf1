import { h, spoken } from "./dom.js";

/** What each product of a file is for. @type {Record<string, string>} */
const LABELS = {
  "chapters.html": "Chapters to read",
  "chapters.json": "Chapters as JSON",
  "export.zip": "Download the ZIP",
};

/**
 * The ways to what came of a file, and to the file itself.
 * @param {import("./files-api.js").OwnFile} file
 */
export function downloadLinks({ filename, downloads }) {
  if (!downloads.length) return null;
  const links = downloads.map(({ name, url }) =>
    h("a", { class: "download", href: url, download: name }, label(name), spoken(` of ${filename}`)),
  );
  return h("p", { class: "downloads" }, ...links);
}

/** @param {string} name */
function label(name) {
  if (Object.hasOwn(LABELS, name)) return LABELS[name];
  return name.startsWith("source.") ? "Original" : name;
}

/** Lets links that are there lead to where the products are now. @param {Element} place @param {import("./files-api.js").OwnFile} file */
export function renewLinks(place, { downloads }) {
  const links = place.querySelectorAll(".download");
  downloads.forEach(({ url }, index) => links[index]?.setAttribute("href", url));
}
