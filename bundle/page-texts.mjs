/**
 * The texts that a page can need. A page gets these alone: all texts are a fifth of what its first visit loads.
 *
 * A module names a text in quotes, or by how its name begins, as in t(`kind.${kind}`). HTML names it in data-text.
 * tests/unit/test_texts.py holds the modules to that.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const FILES = /\/lib\/texts\/\w+\.js$/;
const NAMED = /["'`]([\w.]+)["'`]/g;
const BEGINNING = /`([\w.]+)\$\{/g;

/**
 * Leaves out the texts that nothing names.
 * @param {import("esbuild").BuildOptions & { absWorkingDir: string }} options of the build that it is for
 * @param {string} html
 * @returns {Promise<import("esbuild").Plugin>}
 */
export async function neededTexts(options, html) {
  const { metafile } = await build({ ...options, metafile: true, sourcemap: false });
  const modules = Object.keys(metafile?.inputs ?? {}).filter((path) => !FILES.test(`/${path}`));
  const sources = await Promise.all(modules.map((path) => readFile(join(options.absWorkingDir, path), "utf8")));
  const isNeeded = namedIn([html, ...sources].join("\n"));
  return {
    name: "needed texts",
    setup({ onLoad }) {
      onLoad({ filter: FILES }, async ({ path }) => {
        // By its text: whether Node takes a .js file for a module depends on its version.
        const { texts } = await import(`data:text/javascript,${encodeURIComponent(await readFile(path, "utf8"))}`);
        const needed = Object.fromEntries(Object.entries(texts).filter(([key]) => isNeeded(key)));
        return { contents: `export const texts = ${JSON.stringify(needed)};` };
      });
    },
  };
}

/** @param {string} source @returns {(key: string) => boolean} */
function namedIn(source) {
  const named = new Set([...source.matchAll(NAMED)].map(([, key]) => key));
  const beginnings = new Set([...source.matchAll(BEGINNING)].map(([, beginning]) => beginning));
  return (key) => named.has(key) || [...beginnings].some((beginning) => key.startsWith(beginning));
}
