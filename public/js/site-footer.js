import { h } from "./dom.js";
import { shop } from "./shop.js";

/** Who runs the shop and under which terms, at the end of every page. */
class SiteFooter extends HTMLElement {
  connectedCallback() {
    shop.addEventListener("change", () => this.#render());
    this.#render();
  }

  #render() {
    const { identity } = shop;
    const links = [
      link("Terms", identity?.terms_url),
      link("Privacy", identity?.privacy_url),
      link("Imprint", identity?.imprint_url),
      link("Support", identity?.support_email && `mailto:${identity.support_email}`),
    ].filter((each) => each !== null);
    const list = h("ul", { class: "footer__links", role: "list" }, ...links.map((each) => h("li", {}, each)));
    this.replaceChildren(
      ...(links.length ? [list] : []),
      h("p", {}, "Payments by Stripe. Accounts and ledger on Supabase."),
    );
  }
}

/** @param {string} label @param {string | null | undefined} href */
const link = (label, href) => (href ? h("a", { href }, label) : null);

customElements.define("site-footer", SiteFooter);
