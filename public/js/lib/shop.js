// First, for the title in the page's language.
import "./page-texts.js";
import { loadConfig } from "./config.js";

/**
 * @typedef {{ name: string, logo_url: string | null, color: string | null, support_email: string | null,
 *   terms_url: string | null, privacy_url: string | null, imprint_url: string | null }} Identity
 */

const KEY = "purse.shop";
const FRESH_FOR_MS = 5 * 60 * 1000;

/**
 * Whose shop this is. What this browser saw last counts at once, so that no other name is seen first; the
 * server's answer follows. Tells of a change by "change".
 */
class Shop extends EventTarget {
  /** Null until it is known. @type {Identity | null} */
  identity = null;
  #pageTitle = document.title;

  constructor() {
    super();
    const { identity, at } = recall();
    if (identity) this.#take(identity);
    if (!identity || Date.now() - at > FRESH_FOR_MS) this.#ask();
  }

  /** Names the page in the browser's tab. @param {string} title */
  titlePage(title) {
    this.#pageTitle = title;
    document.title = this.identity ? `${title} · ${this.identity.name}` : title;
  }

  /** A failure is no reason to complain: the page works without its name. */
  async #ask() {
    const config = await loadConfig().catch(() => null);
    if (!config?.shop) return;
    keep(config);
    this.#take(config.shop);
  }

  /** @param {Identity} identity */
  #take(identity) {
    this.identity = identity;
    this.titlePage(this.#pageTitle);
    paint(identity.color);
    this.dispatchEvent(new Event("change"));
  }
}

/** early.js does the same before the first paint. @param {string | null} color */
function paint(color) {
  const root = document.documentElement;
  root.toggleAttribute("data-branded", color !== null);
  if (color) root.style.setProperty("--brand", color);
}

/** @returns {{ identity: Identity | null, at: number }} at: when it was read, in ms since 1970 */
function recall() {
  try {
    const { identity, at } = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return typeof identity.name === "string" ? { identity, at: Number(at) } : { identity: null, at: 0 };
  } catch {
    return { identity: null, at: 0 };
  }
}

/** early.js reads it as well. @param {import("./config.js").Config} config */
function keep({ shop: identity, files_enabled: files }) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ identity, files, at: Date.now() }));
  } catch {
    // Without storage every page asks again.
  }
}

export const shop = new Shop();
