import { join } from "./announce.js";
import base from "../sheets/base.js";
import button from "../sheets/button.js";
import notice from "../sheets/notice.js";
import tokens from "../sheets/tokens.js";

/**
 * An element that any page can hold: its shadow DOM has the styles of this site whatever the page around has.
 * Constructed sheets need no leave from that page's Content-Security-Policy.
 */
export class ShadowElement extends HTMLElement {
  /** Further styles of the class. @type {CSSStyleSheet[]} */
  static sheets = [];

  /** Where it shows itself. */
  shadow = this.attachShadow({ mode: "open" });
  #listening = new AbortController();

  constructor() {
    super();
    this.shadow.adoptedStyleSheets = [tokens, base, button, notice, ...new.target.sheets];
    join(this);
  }

  disconnectedCallback() {
    this.#listening.abort();
    this.#listening = new AbortController();
  }

  /**
   * Listens until this element is taken out of the page. connectedCallback() calls it.
   * @param {EventTarget} target
   * @param {string} name
   * @param {(event: any) => void} listener
   */
  listen(target, name, listener) {
    target.addEventListener(name, listener, { signal: this.#listening.signal });
  }

  /**
   * Tells the page around. Answers false if the page cancelled it.
   * @param {string} name
   * @param {Record<string, unknown>} [detail]
   * @param {{ cancelable?: boolean }} [options]
   */
  tell(name, detail, { cancelable = false } = {}) {
    return this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable, detail }));
  }
}
