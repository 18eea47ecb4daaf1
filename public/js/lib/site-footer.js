import { h } from "./dom.js";
import { shop } from "./shop.js";
import { language, languages, t } from "./texts.js";

/**
 * Who runs the shop and under which terms, at the end of every page. The attribute one-language leaves out the choice
 * of a language.
 */
class SiteFooter extends HTMLElement {
  connectedCallback() {
    shop.addEventListener("change", () => this.#render());
    this.#render();
  }

  #render() {
    const { identity } = shop;
    const links = [
      link(t("footer.terms"), identity?.terms_url),
      link(t("footer.privacy"), identity?.privacy_url),
      link(t("footer.imprint"), identity?.imprint_url),
      link(t("footer.support"), identity?.support_email && `mailto:${identity.support_email}`),
    ].filter((each) => each !== null);
    const list = h("ul", { class: "footer__links", role: "list" }, ...links.map((each) => h("li", {}, each)));
    this.replaceChildren(
      ...(links.length ? [list] : []),
      ...(this.hasAttribute("one-language") ? [] : [languageSwitch()]),
      h("p", {}, t("footer.made_of")),
    );
  }
}

/** @param {string} label @param {string | null | undefined} href */
const link = (label, href) => (href ? h("a", { href }, label) : null);

/** The same page in each language, by the name that its speakers give it. */
function languageSwitch() {
  const choices = languages.map((each) => {
    const address = () => {
      const page = new URL(location.href);
      page.searchParams.set("lang", each);
      page.hash = "";
      return page.href;
    };
    const current = each === language ? "true" : null;
    const about = { href: address(), hreflang: each, lang: each, "aria-current": current };
    const choice = h("a", about, t(`language.${each}`));
    // By then a page has taken what a mail's link brought out of its address.
    choice.addEventListener("click", () => choice.setAttribute("href", address()));
    return h("li", {}, choice);
  });
  const list = h("ul", { class: "footer__links", role: "list" }, ...choices);
  return h("nav", { "aria-label": t("footer.language") }, list);
}

customElements.define("site-footer", SiteFooter);
