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

  constructor() {
    super();
    this.shadow.adoptedStyleSheets = [tokens, base, button, notice, ...new.target.sheets];
  }

  /**
   * Tells the page around.
   * @param {string} name
   * @param {Record<string, unknown>} [detail]
   */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}
