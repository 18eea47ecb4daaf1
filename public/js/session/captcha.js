import { loadConfig } from "../lib/config.js";
import { h } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";

/**
 * The widgets of the CAPTCHA providers that Supabase Auth knows. Both have the same functions.
 * @typedef {{ render(place: HTMLElement, options: Record<string, unknown>): string,
 *   reset(widget: string): void }} Widgets
 * @type {Record<string, { script: string, widgets: () => Widgets }>}
 */
const PROVIDERS = {
  hcaptcha: {
    script: "https://js.hcaptcha.com/1/api.js?render=explicit",
    widgets: () => /** @type {any} */ (globalThis).hcaptcha,
  },
  turnstile: {
    script: "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit",
    widgets: () => /** @type {any} */ (globalThis).turnstile,
  },
};

/** @type {Promise<void> | null} */
let loading = null;

/**
 * The check that somebody is a person, for one form. Nothing is loaded where the deployment has no site key.
 */
export class Captcha {
  element = h("div", { class: "captcha", hidden: true });
  #token = "";
  /** @type {string | null} */
  #widget = null;
  /** @type {Widgets | null} */
  #widgets = null;
  /** @type {Promise<boolean> | null} whether a token is needed here */
  #begun = null;

  /** Shows the widget where one is needed. Never throws: token() tells what went wrong. */
  begin() {
    this.#begun ??= this.#show();
    return this.#begun.catch(() => null);
  }

  /**
   * The token for one request; null where none is needed.
   * @returns {Promise<string | null>}
   * @throws {RequestError} captcha_unavailable: the widget did not load; captcha_needed: not solved yet
   */
  async token() {
    this.#begun ??= this.#show();
    let needed;
    try {
      needed = await this.#begun;
    } catch {
      this.#begun = null;
      throw new RequestError({ status: 0, code: "captcha_unavailable" });
    }
    if (!needed) return null;
    if (!this.#token) throw new RequestError({ status: 400, code: "captcha_needed" });
    return this.#token;
  }

  /** A token counts once: asks for the next. */
  reset() {
    this.#token = "";
    if (this.#widget !== null) this.#widgets?.reset(this.#widget);
  }

  async #show() {
    const { captcha } = await loadConfig();
    if (!captcha) return false;
    const { script, widgets } = PROVIDERS[captcha.provider];
    await load(script);
    this.#widgets = widgets();
    this.element.hidden = false;
    const forget = () => (this.#token = "");
    this.#widget = this.#widgets.render(this.element, {
      sitekey: captcha.site_key,
      theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
      callback: (/** @type {string} */ token) => (this.#token = token),
      "expired-callback": forget,
      "error-callback": forget,
    });
    return true;
  }
}

/** Once a page, whichever forms want it; a failure is not kept. @param {string} src */
function load(src) {
  loading ??= new Promise((resolve, reject) => {
    const script = h("script", { src, async: true });
    script.addEventListener("load", () => resolve(undefined));
    script.addEventListener("error", () => {
      script.remove();
      loading = null;
      reject(new Error("the CAPTCHA did not load"));
    });
    document.head.append(script);
  });
  return /** @type {Promise<void>} */ (loading);
}
