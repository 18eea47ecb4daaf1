import { loadCatalogue } from "../js/store/catalogue.js";
import { goToCheckout } from "../js/store/checkout.js";
import { CodeForm } from "../js/store/code-form.js";
import { loadConfig } from "../js/lib/config.js";
import { h } from "../js/lib/dom.js";
import { notice } from "../js/lib/notice.js";
import { isOwnPage } from "../js/lib/own-page.js";
import { PackShelf } from "../js/store/pack-shelf.js";
import { problem, readingProblem } from "../js/lib/problems.js";
import { returnAddresses } from "../js/store/return-addresses.js";
import { followPerson } from "../js/session/follow-person.js";
import { person } from "../js/session/person.js";
import { countStoreVisit } from "../js/store/store-visit.js";
import { t } from "../js/lib/texts.js";
import { WaiverBox } from "../js/store/waiver-box.js";
import { ShadowElement } from "../js/lib/shadow-element.js";
import styles from "../js/sheets/credit-store.js";
import packStyles from "../js/sheets/packs.js";

/** So long do the packs wait for what stands above them in some shops. */
const PATIENCE_MS = 3000;

/**
 * The packs on sale, from the catalogue and by offers, and the way from a pack to its payment page. The attributes
 * return-url and cancel-url name where the buyer goes afterwards. If nobody is signed in, the cancelable event
 * credits:sign-in tells the page around; it cancels the event if it asks the buyer itself.
 */
export class CreditStore extends ShadowElement {
  static sheets = [packStyles, styles];

  #message = h("div", { class: "message", part: "message" });
  #waiver = new WaiverBox();
  #shelf = new PackShelf((packageId) => this.buy(packageId));
  #tax = h("p", { class: "packs__tax", part: "tax" });
  #code = new CodeForm();
  #onSale = true;
  /** The pack whose payment page is about to open. @type {string | null} */
  #opening = null;
  /** The pack that waits until somebody is signed in. @type {string | null} */
  #waiting = null;
  /** Settles when it is first known what can be bought. @type {Promise<void> | undefined} */
  ready;

  connectedCallback() {
    const { list, choice, offers } = this.#shelf;
    this.shadow.replaceChildren(
      this.#message,
      this.#waiver.element,
      offers.element,
      choice.element,
      list,
      this.#tax,
      this.#code.element,
    );
    // Back from the payment page: the browser may show this page just as it was left, button busy.
    this.listen(window, "pageshow", (event) => event.persisted && this.#comeBack());
    this.listen(window, "online", () => this.#shelf.isKnown || this.refresh({ cache: "reload" }));
    followPerson(this, (hasLeft) => this.#onPerson(hasLeft));
    this.#shelf.follow(this);
    this.ready = this.refresh();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#waiting = null;
  }

  /** The keyboard goes on at the first pack. @param {FocusOptions} [options] */
  focus(options) {
    this.#shelf.focus(options);
  }

  /** Loads what is on sale and whether it can be bought. @param {{ cache?: RequestCache }} [options] */
  async refresh(options) {
    this.#say(null);
    this.#code.element.hidden = !person.id;
    this.#shelf.setLoading(true);
    countStoreVisit(this);
    const asking = loadConfig({ fresh: true }).catch(() => null);
    const loading = loadCatalogue(options);
    // Where the packs are missing, an offer can be bought all the same.
    const offering = this.#shelf.offers.refresh(loading.then(({ packages }) => packages).catch(() => null));
    try {
      const catalogue = await loading;
      // They would jump, or change their prices before the reader's eyes.
      const config = await (this.#shelf.isKnown ? asking : within(PATIENCE_MS, asking));
      this.#configure(config);
      this.#shelf.show(catalogue, config?.currency ?? null);
      if (!catalogue.packages.length && !(await offering)) this.#say(notice(t("packs.none"), { tone: "info" }));
    } catch (error) {
      const action = { label: t("try_again"), run: () => this.refresh({ cache: "reload" }) };
      this.#shelf.clear();
      this.#say(notice(`${readingProblem(error)} ${t("packs.missing")}`, { action }));
    }
    this.#shelf.setLoading(false);
    // Until this answer is here, the server tells whoever buys.
    this.#configure(await asking);
    this.reset();
    await offering;
    if (!this.#opening) this.reset();
  }

  /** @param {import("../js/lib/config.js").Config | null} config null: not known */
  #configure(config) {
    this.#onSale = config?.payments_enabled !== false;
    if (config) this.#waiver.ask(config.withdrawal.waiver);
    this.#tax.textContent = config?.tax ? t(`packs.tax.${config.tax}`) : "";
  }

  /** Goes to the payment page for a pack, by way of signing in if need be. @param {string} packageId */
  async buy(packageId) {
    if (this.#opening || !this.#onSale) return;
    this.#waiting = null;
    // Another app has not said yet who is there. The change goes on with the purchase.
    if (!person.isKnown) return void (this.#waiting = packageId);
    // Another store goes on with it after signing in, and asks there.
    if (!person.id && isOwnPage) return this.#askToSignIn(packageId);
    const waiver = this.#waiver.agreed;
    if (waiver === undefined) return;
    if (!person.id) return this.#askToSignIn(packageId);
    this.#setOpening(packageId);
    this.#say(null);
    const { id } = person;
    try {
      const currency = this.#shelf.currencyOf(packageId);
      await goToCheckout(packageId, { currency, waiver, ...returnAddresses(this) });
    } catch (error) {
      // Not to the next person.
      if (person.id !== null && person.id !== id) return;
      this.reset();
      await this.#explain(error, packageId);
    }
  }

  /** Every button as if nothing had been pressed. */
  reset() {
    this.#setOpening(null);
    if (!this.#onSale && this.#shelf.list.children.length) this.#say(notice(t("packs.off"), { tone: "info" }));
  }

  /** @param {string | null} packageId */
  #setOpening(packageId) {
    this.#opening = packageId;
    this.#shelf.mark({ opening: packageId, onSale: this.#onSale });
  }

  /** Once somebody is signed in, the purchase goes on. @param {string} packageId */
  #askToSignIn(packageId) {
    const isHandled = !this.tell("credits:sign-in", { package: packageId }, { cancelable: true });
    // Our own pages remember the purchase themselves: signing in may lead over another page.
    if (isOwnPage) return;
    this.#waiting = packageId;
    const forget = () => {
      this.#waiting = null;
      this.#say(null);
    };
    const name = this.#shelf.nameOf(packageId) ?? t("auth.your_purchase");
    const action = { label: t("auth.not_now"), run: forget };
    const message = notice(t("store.sign_in", { name }), { tone: "info", action });
    // A page that asks in its own way has the buyer's attention.
    if (isHandled) this.#say(message);
    else this.#answer(message);
  }

  /** Somebody has come or gone. @param {boolean} hasLeft */
  #onPerson(hasLeft) {
    const { offers, packages } = this.#shelf;
    const waiting = this.#waiting;
    if (hasLeft) {
      this.#waiver.reset();
      if (packages.length) this.#say(null);
    }
    this.#code.reset();
    this.#code.element.hidden = !person.id;
    offers.clear();
    this.reset();
    if (person.id) {
      offers.refresh(Promise.resolve(packages));
      countStoreVisit(this);
    }
    if (!waiting) return;
    this.#say(null);
    this.buy(waiting);
  }

  /** What was bought or changed meanwhile is seen. */
  #comeBack() {
    this.reset();
    this.refresh({ cache: "default" });
  }

  /** @param {import("../js/lib/http.js").RequestError} error @param {string} packageId */
  async #explain(error, packageId) {
    switch (error.code) {
      case "payments_disabled":
        this.#onSale = false;
        return this.reset();
      case "waiver_required":
      case "waiver_changed":
        await this.refresh();
        return this.#waiver.complain(t("waiver.changed"));
      case "offer_ended":
      case "offer_bought": {
        await this.refresh();
        const message = notice(t(`problem.${error.code}`));
        this.#say(message);
        // The keyboard was on the offer's button, which is gone.
        message.tabIndex = -1;
        return message.focus();
      }
      case "return_address_not_allowed":
        // For the developer of the page around.
        console.error(new Error(`credit-store, return-url and cancel-url: ${error.sentence}`));
        return this.#answer(notice(t("problem.return_address")));
    }
    // The session is over by now.
    if (error.status === 401) return this.#askToSignIn(packageId);
    const { text, remedy, waitSeconds } = problem(error);
    const actions = {
      retry: { label: t("try_again"), run: () => this.buy(packageId), waitSeconds },
      reload: { label: t("packs.show"), run: () => this.refresh({ cache: "reload" }) },
    };
    this.#answer(notice(text, { action: remedy ? actions[remedy] : undefined }));
  }

  /** Says what came of a press: the card may be far below. @param {HTMLElement} message */
  #answer(message) {
    this.#say(message);
    this.#message.scrollIntoView({ block: "nearest" });
  }

  /** @param {HTMLElement | null} message */
  #say(message) {
    this.#message.replaceChildren(...(message ? [message] : []));
  }
}

/**
 * Null if it takes longer.
 * @template T
 * @param {number} ms
 * @param {Promise<T>} promise
 * @returns {Promise<T | null>}
 */
const within = (ms, promise) =>
  Promise.race([promise, new Promise((resolve) => setTimeout(() => resolve(null), ms))]);

customElements.define("credit-store", CreditStore);
