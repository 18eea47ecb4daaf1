import { h } from "./dom.js";
import { shop } from "./shop.js";

const DEFAULT_LOGO = "/favicon.svg";

/** The shop's logo and name, in the header. Its space is kept until they are known. */
class SiteBrand extends HTMLElement {
  connectedCallback() {
    shop.addEventListener("change", () => this.#render());
    this.#render();
  }

  #render() {
    if (!shop.identity) return;
    const { name, logo_url: logo } = shop.identity;
    this.replaceChildren(
      h("img", { class: "brand__logo", src: logo ?? DEFAULT_LOGO, alt: "", height: 32 }),
      h("span", { class: "brand__name" }, name),
    );
  }
}

customElements.define("site-brand", SiteBrand);
