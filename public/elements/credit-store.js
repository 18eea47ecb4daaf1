import { chosenCurrency, currencyFor, isOffered, offeredCurrencies, pricedIn } from "../js/store/buyer-currency.js";
import { loadCatalogue } from "../js/store/catalogue.js";
import { goToCheckout } from "../js/store/checkout.js";
import { loadConfig } from "../js/lib/config.js";
import { CurrencyChoice } from "../js/store/currency-choice.js";
import { h } from "../js/lib/dom.js";
import { notice } from "../js/lib/notice.js";
import { OfferList } from "../js/store/offer-list.js";
import { packCard, packSkeletons } from "../js/store/pack-card.js";
import { problem, readingProblem } from "../js/lib/problems.js";
import { session } from "../js/session/session.js";
import { askToSignIn } from "../js/session/sign-in-prompt.js";
import { t } from "../js/lib/texts.js";
import { WaiverBox } from "../js/store/waiver-box.js";
import { ShadowElement } from "../js/lib/shadow-element.js";
import styles from "../js/sheets/packs.js";

/** The packs on sale, from the catalogue and by offers, and the way from a pack to its payment page. */
export class CreditStore extends ShadowElement {
  static sheets = [styles];

  #message = h("div", { class: "packs__message" });
  #list = h("ul", { class: "packs", role: "list", "aria-label": t("packs") });
  #choice = new CurrencyChoice();
  #tax = h("p", { class: "packs__tax" });
  #waiver = new WaiverBox();
  #offers = new OfferList((offerId) => this.buy(offerId));
  /** @type {import("../js/store/catalogue.js").Package[]} */
  #packages = [];
  /** What somebody chose, and what their country proposes. @type {(string | null)[]} */
  #wishes = [chosenCurrency.read(), null];
  #onSale = true;
  /** The pack whose payment page is about to open. @type {string | null} */
  #opening = null;
  /** Settles when it is first known what can be bought. @type {Promise<void> | undefined} */
  ready;

  connectedCallback() {
    this.shadow.replaceChildren(
      this.#message,
      this.#waiver.element,
      this.#offers.element,
      this.#choice.element,
      this.#list,
      this.#tax,
    );
    // Back from the payment page: the browser may show this page just as it was left, button busy.
    addEventListener("pageshow", (event) => event.persisted && this.reset());
    chosenCurrency.onChange((currency) => this.#choose(currency));
    this.ready = this.refresh();
  }

  /** Loads what is on sale and whether it can be bought. @param {{ cache?: RequestCache }} [options] */
  async refresh(options) {
    this.#say(null);
    if (!this.#list.children.length) this.#list.replaceChildren(...packSkeletons(3));
    this.#list.setAttribute("aria-busy", "true");
    const asking = loadConfig({ fresh: true }).catch(() => null);
    const loading = loadCatalogue(options);
    // Where the packs are missing, an offer can be bought all the same.
    const offering = this.#offers.refresh(loading.then(({ packages }) => packages).catch(() => null));
    try {
      const { packages } = await loading;
      this.#packages = packages;
      // Only where nobody has chosen yet does the country decide. Then the packs wait for it, or prices would change
      // before the reader's eyes.
      if (offeredCurrencies(packages).length > 1 && !isOffered(packages, this.#wishes[0]))
        this.#wishes[1] = (await asking)?.currency ?? null;
      this.#render();
      if (!packages.length && !(await offering)) this.#say(notice(t("packs.none"), { tone: "info" }));
    } catch (error) {
      const action = { label: t("try_again"), run: () => this.refresh({ cache: "reload" }) };
      this.#list.replaceChildren();
      this.#say(notice(`${readingProblem(error)} ${t("packs.missing")}`, { action }));
    }
    this.#list.setAttribute("aria-busy", "false");
    // The packs need not wait for this answer: until it is here the server tells whoever buys.
    const config = await asking;
    this.#onSale = config?.payments_enabled !== false;
    if (config) this.#waiver.ask(config.withdrawal.waiver);
    this.#tax.textContent = config?.tax ? t(`packs.tax.${config.tax}`) : "";
    this.reset();
    await offering;
    if (!this.#opening) this.reset();
  }

  /** Every pack in the buyer's currency. */
  #render() {
    const currency = currencyFor(this.#packages, this.#wishes);
    const priced = this.#packages.map((pack) => pricedIn(pack, currency));
    this.#list.replaceChildren(...priced.map((pack) => packCard(pack, priced, () => this.buy(pack.id))));
    this.#choice.show(this.#packages, currency);
  }

  /** @param {string | null} currency */
  #choose(currency) {
    this.#wishes[0] = currency;
    this.#render();
    this.#setBusy(this.#opening);
  }

  /** Goes to the payment page for a pack, by way of the sign-in form if need be. @param {string} packageId */
  async buy(packageId) {
    if (this.#opening || !this.#onSale) return;
    if (!session.user) return askToSignIn(packageId);
    const waiver = this.#waiver.agreed;
    if (waiver === undefined) return;
    this.#setBusy(packageId);
    this.#say(null);
    try {
      await goToCheckout(packageId, this.#currencyOf(packageId), waiver);
    } catch (error) {
      this.reset();
      this.#explain(error, packageId);
    }
  }

  /** The currency that a pack's price is shown in; null before the packs are known. @param {string} packageId */
  #currencyOf(packageId) {
    const pack = this.#packages.find(({ id }) => id === packageId);
    return pack ? pricedIn(pack, currencyFor(this.#packages, this.#wishes)).currency : null;
  }

  /** Every button as if nothing had been pressed. */
  reset() {
    this.#setBusy(null);
    if (!this.#onSale && this.#list.children.length) this.#say(notice(t("packs.off"), { tone: "info" }));
  }

  /** @param {string | null} packageId */
  #setBusy(packageId) {
    this.#opening = packageId;
    const buttons = /** @type {NodeListOf<HTMLElement>} */ (this.shadow.querySelectorAll("[data-pack]"));
    for (const button of buttons) {
      const opening = button.dataset.pack === packageId;
      button.textContent = opening ? t("pack.opening") : (button.dataset.label ?? "");
      button.setAttribute("aria-busy", String(opening));
      // Not `disabled` for the one just pressed: it would lose the keyboard's focus.
      button.setAttribute("aria-disabled", String(packageId !== null || !this.#onSale));
    }
  }

  /** @param {import("../js/lib/http.js").RequestError} error @param {string} packageId */
  async #explain(error, packageId) {
    if (error.code === "payments_disabled") {
      this.#onSale = false;
      return this.reset();
    }
    if (error.code === "waiver_required" || error.code === "waiver_changed") {
      await this.refresh();
      return this.#waiver.complain(t("waiver.changed"));
    }
    if (error.code === "offer_ended" || error.code === "offer_bought") {
      await this.refresh();
      const message = notice(t(`problem.${error.code}`));
      this.#say(message);
      // The keyboard was on the offer's button, which is gone.
      message.tabIndex = -1;
      return message.focus();
    }
    // The session is over by now, and with it the store is closed: the form below takes over.
    if (error.status === 401) return askToSignIn(packageId);
    const { text, remedy, waitSeconds } = problem(error);
    const actions = {
      retry: { label: t("try_again"), run: () => this.buy(packageId), waitSeconds },
      reload: { label: t("packs.show"), run: () => this.refresh({ cache: "reload" }) },
    };
    this.#say(notice(text, { action: remedy ? actions[remedy] : undefined }));
  }

  /** @param {HTMLElement | null} message */
  #say(message) {
    this.#message.replaceChildren(...(message ? [message] : []));
  }
}

customElements.define("credit-store", CreditStore);
