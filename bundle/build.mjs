/**
 * Builds dist/ from public/: few files, whose names have a hash of their content.
 *
 *     npm ci --prefix bundle --ignore-scripts && node bundle/build.mjs [public [dist]]
 *
 * A file of dist/assets never changes, so a browser keeps it for good, and a page gets its own version of every
 * module. Pages, images, purse.js and the modules under elements/ keep their names. `make run` does without all
 * this and serves public/.
 */

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { neededTexts } from "./page-texts.mjs";
import { connectPolicy } from "./policy.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const ASSETS = "assets";
const SMALL = {
  minify: true,
  // Browsers that have by themselves what the modules and styles use, such as light-dark().
  target: ["chrome123", "edge123", "firefox128", "safari17.5"],
  charset: /** @type {const} */ ("utf8"),
  legalComments: /** @type {const} */ ("none"),
  logLevel: /** @type {const} */ ("warning"),
};
const COMMON = { ...SMALL, bundle: true, write: /** @type {const} */ (false) };
const EARLY = "/js/lib/early.js";
const HEADERS = join(ROOT, "vercel.json");

const STYLES = /(?: *<link rel="stylesheet" href="[^"]+">\n)+/;
const STYLE = /href="([^"]+)"/g;
const SCRIPT = /<script type="module" src="([^"]+)"><\/script>/;
const EARLY_SCRIPT = new RegExp(`<script src="${EARLY}"([^>]*)></script>`);
const PRELOADS = /(?: *<link rel="modulepreload" href="[^"]+">\n)+/;
const ADDRESS = /="(\/(?:js|css)\/[^"]+)"/g;
const CHARSET = '    <meta charset="utf-8">\n';

/** @typedef {import("esbuild").Metafile["outputs"]} Outputs */

/** What is served stays until the new site is whole. @param {string} source @param {string} target */
async function replaceSite(source, target) {
  if (`${source}/`.startsWith(`${target}/`)) throw new Error(`${target} would be emptied, and holds the sources`);
  const building = `${target}.new`;
  const empty = (/** @type {string} */ folder) => rm(folder, { recursive: true, force: true });
  try {
    await empty(building);
    await buildSite(source, building);
    await empty(target);
    await rename(building, target);
  } finally {
    await empty(building);
  }
}

/** @param {string} source @param {string} target */
async function buildSite(source, target) {
  const pages = await pagesUnder(source);
  const elements = await namesIn(join(source, "elements"));
  const early = await inlineScript(source, EARLY);
  await mkdir(join(target, ASSETS), { recursive: true });
  await copyAsItIs(source, target);

  const ofElements = await bundleModules(source, target, elements.map((name) => `/elements/${name}`));
  for (const name of elements) await writeElement(target, name, ofElements);

  const policy = connectPolicy(process.env);
  for (const [name, html] of pages) {
    // Each page apart: what all of them share would fall into a file for each set of pages, and each file costs time.
    const modules = await bundleModules(source, target, [captured(SCRIPT, html)], html);
    await write(target, name, await builtPage(html, { source, target, modules, early, policy }));
  }
}

/** Everything but what is bundled: images, purse.js, types. @param {string} source @param {string} target */
async function copyAsItIs(source, target) {
  const bundled = ["js", "css"].map((name) => join(source, name));
  const isElement = (/** @type {string} */ path) => path.startsWith(join(source, "elements")) && path.endsWith(".js");
  const filter = (/** @type {string} */ path) =>
    !bundled.includes(path) && !path.endsWith(".html") && !isElement(path);
  await cp(source, target, { recursive: true, filter });
}

/**
 * One bundle an entry; what several use is a file of its own. The names may not depend on where the target is, so
 * esbuild writes nothing itself.
 * @param {string} source @param {string} target @param {string[]} entries
 * @param {string} [html] of the page that they are for
 */
async function bundleModules(source, target, entries, html = "") {
  const options = {
    ...COMMON,
    absWorkingDir: source,
    entryPoints: entries.map((address) => join(source, address)),
    entryNames: `${ASSETS}/[name]-[hash]`,
    chunkNames: `${ASSETS}/[name]-[hash]`,
    format: /** @type {const} */ ("esm"),
    splitting: true,
    outdir: source,
  };
  const plugins = [smallSheets(source), await neededTexts(options, html)];
  const { metafile, outputFiles } = await build({ ...options, sourcemap: "linked", metafile: true, plugins });
  for (const { path, contents } of outputFiles) await write(target, relative(source, path), contents);
  return new Modules(metafile.outputs);
}

/**
 * The style sheets of the elements are texts in modules, which esbuild leaves as they are. They get as small as those
 * of the pages.
 * @param {string} source @returns {import("esbuild").Plugin}
 */
const smallSheets = (source) => ({
  name: "small sheets",
  setup({ onLoad }) {
    onLoad({ filter: /\/js\/sheets\/[\w-]+\.js$/ }, async ({ path }) => {
      const css = await readFile(join(source, "css", `${basename(path, ".js")}.css`), "utf8");
      const { code } = await transform(css, { ...SMALL, loader: "css" });
      const text = JSON.stringify(code.trim());
      return { contents: `const sheet = new CSSStyleSheet();sheet.replaceSync(${text});export default sheet;` };
    });
  },
});

/**
 * A script that stands in the pages themselves, so that it runs before anything else has come. The policy allows it by
 * its hash.
 * @param {string} source @param {string} address
 */
async function inlineScript(source, address) {
  const { outputFiles } = await build({ ...COMMON, entryPoints: [join(source, address)], format: "iife" });
  const text = outputFiles[0].text.trim();
  const hash = `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const [, allowed] = /; script-src ([^;"]*)/.exec(await readFile(HEADERS, "utf8")) ?? [];
  if (!allowed?.split(" ").includes(hash))
    throw new Error(`${address} has changed: put ${hash} into script-src in vercel.json, in place of the hash there`);
  return text;
}

/** What esbuild made of the modules. */
class Modules {
  /** The address in dist/ by that in public/. @type {Map<string, string>} */
  addresses = new Map();
  /** @type {Map<string, string[]>} */
  #imports = new Map();

  constructor(/** @type {Outputs} */ outputs) {
    for (const [path, { entryPoint, imports }] of Object.entries(outputs)) {
      if (entryPoint) this.addresses.set(`/${entryPoint}`, `/${path}`);
      const now = imports.filter(({ kind, external }) => kind === "import-statement" && !external);
      this.#imports.set(`/${path}`, now.map((imported) => `/${imported.path}`));
    }
  }

  /**
   * The bundle of a module and every file that it imports at once, itself first.
   * @param {string} address @param {string[]} [known] files that are left out
   */
  filesOf(address, known = []) {
    const files = new Set([required(this.addresses.get(address), address)]);
    for (const file of files) for (const imported of this.#imports.get(file) ?? []) files.add(imported);
    return [...files].filter((file) => !known.includes(file));
  }
}

/**
 * The public address of an element never changes, so it may not be kept; it leads to the files that may. All of
 * them are named here: a browser then loads them side by side.
 * @param {string} target @param {string} name @param {Modules} modules
 */
async function writeElement(target, name, modules) {
  const [entry, ...others] = modules.filesOf(`/elements/${name}`).map((file) => `..${file}`);
  const lines = [...others.map((file) => `import "${file}";`), `export * from "${entry}";`];
  await write(target, `elements/${name}`, `${lines.join("\n")}\n`);
}

/**
 * @param {string} html
 * @param {{ source: string, target: string, modules: Modules, early: string, policy: string | null }} made
 */
async function builtPage(html, { source, target, modules, early, policy }) {
  const [script, ...imported] = modules.filesOf(captured(SCRIPT, html));
  const styles = [...required(STYLES.exec(html)?.[0], "styles").matchAll(STYLE)].map(([, address]) => address);
  const stylesheet = await bundleStyles(source, target, styles);
  const meta = policy ? `    <meta http-equiv="Content-Security-Policy" content="${policy}">\n` : "";
  return html
    .replace(CHARSET, `${CHARSET}${meta}`)
    .replace(STYLES, `    <link rel="stylesheet" href="${stylesheet}">\n`)
    .replace(SCRIPT, `<script type="module" src="${script}"></script>`)
    .replace(PRELOADS, imported.map((file) => `    <link rel="modulepreload" href="${file}">\n`).join(""))
    .replace(EARLY_SCRIPT, (_, attributes) => `<script${attributes}>${early}</script>`)
    // A list begins with the module that it is about.
    .replace(ADDRESS, (_, list) => `="${modules.filesOf(list.split(" ")[0], [script, ...imported]).join(" ")}"`);
}

/**
 * The style sheets of a page as one file, in their order.
 * @param {string} source @param {string} target @param {string[]} addresses
 * @returns {Promise<string>} its address
 */
async function bundleStyles(source, target, addresses) {
  const contents = addresses.map((address) => `@import ".${address}";`).join("\n");
  const stdin = { contents, loader: /** @type {const} */ ("css"), resolveDir: source };
  const { outputFiles } = await build({ ...COMMON, stdin, external: ["/img/*"] });
  const [file] = outputFiles;
  const hash = createHash("sha256").update(file.contents).digest("base64url").slice(0, 10);
  const name = `${ASSETS}/styles-${hash}.css`;
  await write(target, name, file.contents);
  return `/${name}`;
}

/** The pages by their path under a folder. @param {string} folder @returns {Promise<Map<string, string>>} */
async function pagesUnder(folder) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".html")).sort();
  const read = names.map(async (name) => /** @type {const} */ ([name, await readFile(join(folder, name), "utf8")]));
  return new Map(await Promise.all(read));
}

/** The modules in a folder; none where there is no such folder. @param {string} folder */
async function namesIn(folder) {
  const names = await readdir(folder).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(".js")).sort();
}

/** @param {string} target @param {string} name @param {string | Uint8Array} contents */
async function write(target, name, contents) {
  const path = join(target, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}

/** @param {RegExp} pattern @param {string} html */
const captured = (pattern, html) => required(pattern.exec(html)?.[1], String(pattern));

/** @template T @param {T | null | undefined} value @param {string} what @returns {T} */
function required(value, what) {
  if (value == null) throw new Error(`not found: ${what}`);
  return value;
}

const [from, to] = process.argv.slice(2);
await replaceSite(resolve(from ?? join(ROOT, "public")), resolve(to ?? join(ROOT, "dist")));
