import { loadCatalogue } from "./catalogue.js";
import { gem, h, spoken } from "../lib/dom.js";
import { formatNumber, t } from "../lib/texts.js";

/** What each feature costs. Where the catalogue fails to load, the packs' message speaks for this list too. */
class PriceList extends HTMLElement {
  connectedCallback() {
    document.addEventListener("catalogue:loaded", () => this.#render());
    this.#render();
  }

  async #render() {
    const { features } = await loadCatalogue().catch(() => ({ features: [] }));
    const list = h("ul", { class: "prices", role: "list", "aria-label": t("what_things_cost") });
    list.append(...features.map(row));
    this.replaceChildren(list);
  }
}

/** @param {import("./catalogue.js").Feature} feature */
function row({ name, credits }) {
  return h(
    "li",
    { class: "price" },
    h("span", {}, name),
    h(
      "span",
      { class: "price__credits" },
      gem(),
      formatNumber(credits),
      spoken(t(credits === 1 ? "spoken.credit" : "spoken.credits")),
    ),
  );
}

customElements.define("price-list", PriceList);
