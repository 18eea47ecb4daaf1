import { chosenCurrency, currencyFor, isOffered, offeredCurrencies, pricedIn } from "./buyer-currency.js";
import { CurrencyChoice } from "./currency-choice.js";
import { OfferList } from "./offer-list.js";
import { packCard, packSkeletons } from "./pack-card.js";
import { wallet } from "../credits/wallet.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/texts.js";
import { person } from "../session/person.js";

/** @typedef {import("./catalogue.js").Catalogue} Catalogue */

/** How many packs a shop is likely to have. */
const LIKELY = 3;

/** The cards: what is offered to the buyer alone, and the packs on sale in the buyer's currency. */
export class PackShelf {
  list = h("ul", { class: "packs", part: "packs", role: "list", "aria-label": t("packs") });
  choice = new CurrencyChoice();
  offers;
  /** @type {(packageId: string) => void} */
  #onBuy;
  /** What is on sale; null until it is known. @type {Catalogue | null} */
  #catalogue = null;
  /** What the cards say. While that stays the same they are not made anew: the keyboard may be on one. */
  #shown = "";
  /** What somebody chose, and what their country proposes. @type {(string | null)[]} */
  #wishes = [chosenCurrency.read(), null];
  /** The pack whose payment page is about to open. @type {string | null} */
  #opening = null;
  #onSale = true;

  /** @param {(packageId: string) => void} onBuy */
  constructor(onBuy) {
    this.#onBuy = onBuy;
    this.offers = new OfferList(onBuy, () => this.#render());
  }

  /** Follows the choice of a currency and the balance. @param {import("../lib/shadow-element.js").ShadowElement} element */
  follow(element) {
    element.listen(chosenCurrency.changes, "change", ({ detail: currency }) => {
      this.#wishes[0] = currency;
      this.#render();
    });
    element.listen(wallet, "change", () => this.#render());
  }

  get isKnown() {
    return this.#catalogue !== null;
  }

  get packages() {
    return this.#catalogue?.packages ?? [];
  }

  /** Until it is known what is on sale, there are cards without words. @param {boolean} isLoading */
  setLoading(isLoading) {
    this.list.setAttribute("aria-busy", String(isLoading));
    if (isLoading && !this.list.children.length) this.list.replaceChildren(...packSkeletons(LIKELY, buyer()));
  }

  /** @param {Catalogue} catalogue @param {string | null} proposed the currency of the buyer's country, if it is known */
  show(catalogue, proposed) {
    // Only where nobody has chosen yet does the country decide.
    const { packages } = catalogue;
    if (offeredCurrencies(packages).length > 1 && !isOffered(packages, this.#wishes[0])) this.#wishes[1] = proposed;
    this.#catalogue = catalogue;
    this.#render();
  }

  /** It is no longer known what is on sale. */
  clear() {
    this.#catalogue = null;
    this.#shown = "";
    this.list.replaceChildren();
    this.choice.element.hidden = true;
  }

  /** The currency that a pack's price is shown in; null before the packs are known. @param {string} packageId */
  currencyOf(packageId) {
    return this.#priced().find(({ id }) => id === packageId)?.currency ?? null;
  }

  /** @param {string} packageId */
  nameOf(packageId) {
    return [...this.packages, ...this.offers.offers].find(({ id }) => id === packageId)?.name;
  }

  /** @param {{ opening: string | null, onSale: boolean }} state */
  mark({ opening, onSale }) {
    this.#opening = opening;
    this.#onSale = onSale;
    const buttons = /** @type {NodeListOf<HTMLElement>} */ (this.#root.querySelectorAll("[data-pack]"));
    for (const button of buttons) {
      const isOpening = button.dataset.pack === opening;
      button.textContent = isOpening ? t("pack.opening") : (button.dataset.label ?? "");
      button.setAttribute("aria-busy", String(isOpening));
      // Not `disabled` for the one just pressed: it would lose the keyboard's focus.
      button.setAttribute("aria-disabled", String(opening !== null || !onSale));
    }
  }

  get #root() {
    return /** @type {ShadowRoot} */ (this.list.getRootNode());
  }

  #priced() {
    const currency = currencyFor(this.packages, this.#wishes);
    return this.packages.map((pack) => pricedIn(pack, currency));
  }

  #render() {
    const packs = this.#priced();
    const { offers } = this.offers;
    const around = { rivals: [...packs, ...offers], features: this.#catalogue?.features ?? [], buyer: buyer() };
    if (this.#catalogue) this.choice.show(this.packages, currencyFor(this.packages, this.#wishes));
    const shown = JSON.stringify([packs, around, this.isKnown, this.offers.hasFailed]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = /** @type {HTMLElement | null} */ (this.#root.activeElement)?.dataset.pack;
    this.offers.show(packs, around);
    if (this.#catalogue)
      this.list.replaceChildren(...packs.map((pack) => packCard(pack, packs, () => this.#onBuy(pack.id), around)));
    this.mark({ opening: this.#opening, onSale: this.#onSale });
    const again = focused && this.#root.querySelector(`[data-pack="${focused}"]`);
    if (again) /** @type {HTMLElement} */ (again).focus({ preventScroll: true });
  }

  /** The keyboard goes on at the first card. @param {FocusOptions} [options] */
  focus(options) {
    const first = /** @type {HTMLElement | null} */ (this.#root.querySelector(".pack:not([inert]) [data-pack]"));
    first?.focus(options);
  }
}

/** Who is signed in, or will be known to be. */
const buyer = () => (person.id || !person.isKnown ? { balance: wallet.balance } : null);
