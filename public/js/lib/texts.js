import { isOwnPage } from "./own-page.js";
import { texts as english } from "./texts/en.js";

/**
 * A text with placeholders in braces, or its forms by plural category.
 * @typedef {Record<string, string | { one?: string, few?: string, many?: string, other: string }>} Texts
 * @typedef {Record<string, string | number | Node>} Values
 */

/** A language is a file in texts/ and a line here. @type {Record<string, () => Promise<{ texts: Texts }>>} */
const OTHERS = {
  de: () => import("./texts/de.js"),
};

const CHOICE = "purse.language";
/** What this page was in: early.js asks for that file at once the next time. */
const USED = "purse.texts";

export const languages = ["en", ...Object.keys(OTHERS)];

/**
 * The language of this page: asked for, chosen before, or the browser's first that we have. Another app's page
 * says its own.
 */
export const language = choose();

/** For Intl: the reader's own variety of the language, such as en-GB. */
export const locale = navigator.languages.find((tag) => languageOf(tag) === language && isLocale(tag)) ?? language;

const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);
const texts = await load();

/**
 * A text of this page's language. Numbers are written as the reader writes them.
 * @param {string} key
 * @param {Record<string, string | number>} [values] n: the number that decides between the forms
 */
export function t(key, values = {}) {
  return parts(key, values).join("");
}

/**
 * The same as a list, for values that are elements.
 * @param {string} key
 * @param {Values} [values]
 */
export function parts(key, values = {}) {
  const pieces = form(key, values).split(/\{(\w+)\}/);
  const filled = pieces.map((piece, index) => (index % 2 ? written(values[piece]) : piece));
  return filled.filter((piece) => piece !== "");
}

/** Whether there is such a text. @param {string} key */
export const has = (key) => Object.hasOwn(english, key);

/** @param {string} key @param {Values} values */
function form(key, values) {
  const text = texts[key] ?? english[key];
  if (typeof text === "string") return text;
  return text[plurals.select(Number(values.n))] ?? text.other;
}

/** @param {string | number | Node} value */
const written = (value) => (typeof value === "number" ? formatNumber(value) : value);

/**
 * A number as the reader writes it. A real minus sign is as wide as the plus, and is read out as one.
 * @param {number} value
 * @param {Intl.NumberFormat} [format]
 */
export function formatNumber(value, format = numbers) {
  return format.format(value).replace("-", "−");
}

/** Without its file, as offline, the page is in English. */
async function load() {
  const loaded = await OTHERS[language]?.().catch(() => null);
  if (isOwnPage) write(USED, loaded ? language : "en");
  return loaded?.texts ?? english;
}

function choose() {
  if (!isOwnPage) return known([document.documentElement.lang, ...navigator.languages].map(languageOf));
  const asked = new URLSearchParams(location.search).get("lang") ?? "";
  if (languages.includes(asked)) write(CHOICE, asked);
  return known([asked, read(CHOICE), ...navigator.languages.map(languageOf)]);
}

/** @param {string[]} wanted */
function known(wanted) {
  return wanted.find((each) => languages.includes(each)) ?? "en";
}

/** @param {string} tag */
function languageOf(tag) {
  return tag.split("-")[0].toLowerCase();
}

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} key @param {string} value */
function write(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage the browser's own language counts on every page.
  }
}

/** Some browsers report tags, such as en-US@posix, that Intl refuses. @param {string} tag */
function isLocale(tag) {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
