import { getOffers } from "./api.js";
import { h, uniqueId } from "../lib/dom.js";
import { notice } from "../lib/notice.js";
import { offerCard } from "./offer-card.js";
import { readingProblem } from "../lib/problems.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/** What is offered to the person signed in alone, above the packs. Nothing is shown to anybody else. */
export class OfferList {
  element = h("div", { class: "offers", hidden: true });
  /** @type {(offerId: string) => void} */
  #onBuy;

  /** @param {(offerId: string) => void} onBuy */
  constructor(onBuy) {
    this.#onBuy = onBuy;
    // The next person at this browser must not see what was offered to the last one.
    session.addEventListener("change", () => this.#show());
  }

  /**
   * Loads the offers; answers how many there are. Never throws: a failure is said in their place.
   * @param {Promise<import("./catalogue.js").Package[] | null>} packs those on sale; null: they are missing, and said to be
   */
  async refresh(packs) {
    const person = session.user?.id;
    // A store that is just being filled is shown before the next turn.
    await null;
    // The packs of the page for visitors are there, but hidden, once somebody is signed in.
    if (!person || !this.element.parentElement?.checkVisibility()) return this.#show();
    try {
      const [offers, packsOnSale] = await Promise.all([getOffers(), packs]);
      const onSale = packsOnSale ?? [];
      if (session.user?.id !== person) return 0;
      if (!offers.length) return this.#show();
      const id = uniqueId("offers");
      const cards = offers.map((offer) => offerCard(offer, onSale, () => this.#onBuy(offer.id)));
      this.#show(
        h("h3", { id }, t("offers")),
        h("ul", { class: "packs", role: "list", "aria-labelledby": id }, ...cards),
        ...(onSale.length ? [h("h3", {}, t("packs"))] : []),
      );
      return offers.length;
    } catch (error) {
      // Signed out, or somebody else by now: their own offers are asked for when the store opens again.
      if (session.user?.id !== person || error.status === 401) return 0;
      // One message is enough, and trying again loads both.
      if ((await packs) === null) return this.#show();
      const action = { label: t("try_again"), run: () => this.refresh(packs) };
      this.#show(notice(`${readingProblem(error)} ${t("offers.missing")}`, { action }));
      return 0;
    }
  }

  /** @param {...Node} content */
  #show(...content) {
    this.element.replaceChildren(...content);
    this.element.hidden = content.length === 0;
    return 0;
  }
}
