import { getOffers } from "./api.js";
import { h, uniqueId } from "../lib/dom.js";
import { notice } from "../lib/notice.js";
import { offerCard } from "./offer-card.js";
import { readingProblem } from "../lib/problems.js";
import { person } from "../session/person.js";
import { t } from "../lib/texts.js";

/** What is offered to the person signed in alone, above the packs. Nothing is shown to anybody else. */
export class OfferList {
  element = h("div", { class: "offers", part: "offers", hidden: true });
  /** @type {import("./offer-card.js").Offer[]} */
  offers = [];
  /** Why they are missing. @type {HTMLElement | null} */
  #problem = null;
  /** @type {(offerId: string) => void} */
  #onBuy;
  /** @type {() => void} */
  #onChange;

  /** @param {(offerId: string) => void} onBuy @param {() => void} onChange other offers are known: show() them */
  constructor(onBuy, onChange) {
    this.#onBuy = onBuy;
    this.#onChange = onChange;
  }

  get hasFailed() {
    return this.#problem !== null;
  }

  /** The next person must not see what was offered to the last one. */
  clear() {
    this.#take([]);
  }

  /**
   * Loads the offers; answers how many there are. Never throws: a failure is said in their place.
   * @param {Promise<unknown>} packs those on sale; null: they are missing, and said to be
   */
  async refresh(packs) {
    const asked = person.id;
    // A store that is just being filled is shown before the next turn.
    await null;
    // The packs of the page for visitors are there, but hidden, once somebody is signed in.
    if (!asked || !this.element.parentNode || !isShown(this.element)) return this.#take([]);
    try {
      const [offers] = await Promise.all([getOffers(), packs]);
      return person.id === asked ? this.#take(offers) : 0;
    } catch (error) {
      // Signed out, or somebody else by now: their own offers are asked for when the store opens again.
      if (person.id !== asked || error.status === 401) return 0;
      // One message is enough, and trying again loads both.
      if ((await packs) === null) return this.#take([]);
      const action = { label: t("try_again"), run: () => this.refresh(packs) };
      return this.#take([], notice(`${readingProblem(error)} ${t("offers.missing")}`, { action }));
    }
  }

  /**
   * @param {import("./catalogue.js").Package[]} packs those on sale
   * @param {import("./pack-card.js").Around} around
   */
  show(packs, around) {
    const { offers } = this;
    const id = uniqueId("offers");
    const cards = offers.map((offer) => offerCard(offer, packs, () => this.#onBuy(offer.id), around));
    const content = offers.length
      ? [
          h("h3", { id }, t("offers")),
          h("ul", { class: "packs", part: "packs", role: "list", "aria-labelledby": id }, ...cards),
          ...(packs.length ? [h("h3", {}, t("packs"))] : []),
        ]
      : [this.#problem].filter((problem) => problem !== null);
    this.element.replaceChildren(...content);
    this.element.hidden = content.length === 0;
  }

  /** @param {import("./offer-card.js").Offer[]} offers @param {HTMLElement | null} [problem] */
  #take(offers, problem = null) {
    this.offers = offers;
    this.#problem = problem;
    this.#onChange();
    return offers.length;
  }
}

/** Whether the store is shown; the list itself is hidden while it is empty. @param {Element} element */
function isShown(element) {
  const root = element.getRootNode();
  return root instanceof ShadowRoot && root.host.checkVisibility();
}
