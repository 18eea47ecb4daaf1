import { OWN, chosenCurrency, isMixed, offeredCurrencies } from "./buyer-currency.js";
import { h, uniqueId } from "../lib/dom.js";
import { once } from "../lib/once.js";
import { locale, t } from "../lib/texts.js";

/** @typedef {import("./catalogue.js").Package} Package */

const names = once(() => new Intl.DisplayNames(locale, { type: "currency" }));

/** The choice of the currency to pay in. Not shown where there is only one. */
export class CurrencyChoice {
  #select = h("select", { id: uniqueId("currency"), name: "currency" });
  element = h(
    "p",
    { class: "packs__currency", part: "currency", hidden: true },
    h("label", { for: this.#select.id }, t("packs.currency")),
    this.#select,
  );

  constructor() {
    this.#select.addEventListener("change", () => chosenCurrency.write(this.#select.value));
  }

  /** @param {Package[]} packages @param {string | null} currency the one that prices are shown in */
  show(packages, currency) {
    const offered = offeredCurrencies(packages);
    const options = offered.map((each) => h("option", { value: each }, `${each.toUpperCase()} · ${names().of(each)}`));
    if (isMixed(packages)) options.unshift(h("option", { value: OWN }, t("packs.currency.own")));
    this.#select.replaceChildren(...options);
    this.#select.value = currency ?? OWN;
    this.element.hidden = offered.length < 2;
  }
}
