import { lineOf, linesOf } from "../js/credits/balance-lines.js";
import { noChart, usageChart } from "../js/credits/usage-chart.js";
import { wallet } from "../js/credits/wallet.js";
import { arrange, gem, h, spoken } from "../js/lib/dom.js";
import { isOwnPage } from "../js/lib/own-page.js";
import { readingProblem } from "../js/lib/problems.js";
import { ShadowElement } from "../js/lib/shadow-element.js";
import { formatNumber, t } from "../js/lib/texts.js";
import { person } from "../js/session/person.js";
import styles from "../js/sheets/credit-balance.js";
import { loadCatalogue } from "../js/store/catalogue.js";
import { showStore } from "../js/store/show-store.js";

/**
 * The balance, large: what is there, what is set aside or expires soon, what it is good for and how long it lasts.
 * With a feature, and a quantity of it, it also says how many credits are missing for that. Everything has its room
 * from the start, so that nothing on the page moves when the balance comes.
 */
class CreditBalance extends ShadowElement {
  static sheets = [styles];
  static observedAttributes = ["feature", "quantity"];

  #title = h(
    isOwnPage ? "h1" : "h2",
    { class: "purse__title", part: "title", tabindex: "-1" },
    t("purse.title"),
  );
  #amount = h("span", { class: "purse__amount" });
  #note = h("div", { class: "purse__note", part: "note" });
  #button = h("button", {
    class: "button button--gold",
    part: "button",
    type: "button",
    onclick: () => this.#act(),
  });
  #usage = h("div", { class: "purse__usage", part: "usage" });
  #facts = h("div", { class: "purse__facts", part: "facts" });
  /** Our own pages say a new balance in their header. */
  #announcement = h("p", { class: "visually-hidden", role: "status" });
  /** What the chart was drawn from. */
  #drawn = "";
  /** @type {import("../js/store/catalogue.js").Feature[]} */
  #features = [];
  /** Tells whoever pressed the button where to sign in. It stays until somebody has. @type {HTMLElement | null} */
  #reminder = null;
  /** Whose balance was shown last. @type {{ id: string | null, balance: number | null }} */
  #shown = { id: null, balance: null };

  connectedCallback() {
    this.shadow.replaceChildren(
      this.#title,
      h("p", { class: "purse__balance", part: "balance" }, gem(), this.#amount, spoken(t("spoken.credits"))),
      this.#note,
      this.#button,
      this.#usage,
      this.#facts,
      this.#announcement,
    );
    this.listen(wallet, "change", () => this.#render());
    this.listen(document, "catalogue:loaded", () => this.#learnPrices());
    this.#render();
    this.#learnPrices();
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#render();
  }

  /** The keyboard goes on at the heading. @param {FocusOptions} [options] */
  focus(options) {
    this.#title.focus(options);
  }

  /** Prices are nice to know: without them the card says less. */
  async #learnPrices() {
    const { features } = await loadCatalogue().catch(() => ({ features: [] }));
    this.#features = features;
    this.#render();
  }

  get #state() {
    if (!person.id) return person.isKnown ? "signed-out" : "loading";
    return wallet.balance === null ? wallet.status : "ready";
  }

  #render() {
    const { balance } = wallet;
    const state = this.#state;
    const [first, ...others] = this.#lines(state);
    this.dataset.state = state;
    this.#amount.textContent = balance === null ? "–" : formatNumber(balance);
    if (state !== "signed-out") this.#reminder = null;
    const note = this.#reminder ?? (first && lineOf(first, "purse__line"));
    arrange(this.#note, note ? [note] : []);
    this.#facts.replaceChildren(...others.map((line) => lineOf(line, "purse__line")));
    this.#button.textContent = t(BUTTON[state] ?? (this.#isShort ? "get_credits" : "purse.buy"));
    this.#draw(state === "ready" ? wallet.usage : null, { forecast: wallet.available > 0 });
    this.#announce(balance);
  }

  /**
   * Only what is new: a chart has many parts.
   * @param {import("../js/credits/wallet.js").Usage | null} usage
   * @param {{ forecast: boolean }} options
   */
  #draw(usage, options) {
    const shown = JSON.stringify(usage && [usage, options]);
    if (shown === this.#drawn) return;
    this.#drawn = shown;
    this.#usage.replaceChildren(usage ? usageChart(usage, options) : noChart());
  }

  /** @param {string} state @returns {import("../js/credits/balance-lines.js").Line[]} */
  #lines(state) {
    if (state === "signed-out") return [{ content: [t("purse.signed_out")], isUrgent: false }];
    const failed = wallet.status === "failed" && wallet.error;
    const problem = failed ? `${readingProblem(failed)} ${t("reading.credits_safe")}` : "";
    const lines = problem ? [{ content: [problem], isUrgent: true }] : [];
    const { balance, ...known } = wallet;
    if (balance === null) return lines;
    const cheapest = this.#features.toSorted((a, b) => a.credits - b.credits)[0] ?? null;
    return [...lines, ...linesOf({ balance, ...known }, this.#wish, cheapest)];
  }

  /** What the page around is about to charge for. @returns {import("../js/credits/balance-lines.js").Wish | null} */
  get #wish() {
    const feature = this.#features.find(({ id }) => id === this.getAttribute("feature"));
    const quantity = Math.max(1, Math.trunc(Number(this.getAttribute("quantity"))) || 1);
    return feature ? { feature, quantity } : null;
  }

  get #isShort() {
    const wish = this.#wish;
    return wish !== null && wallet.balance !== null && wallet.available < wish.feature.credits * wish.quantity;
  }

  #act() {
    const state = this.#state;
    if (state === "failed") wallet.load();
    else if (state !== "signed-out") showStore(this);
    else if (this.tell("credits:sign-in", { package: null }, { cancelable: true })) {
      this.#reminder = h("p", { class: "purse__line", role: "alert" }, t("purse.sign_in_first"));
      this.#render();
    }
  }

  /** @param {number | null} balance */
  #announce(balance) {
    const isNews = this.#shown.id === person.id && this.#shown.balance !== null && balance !== null;
    if (!isOwnPage && isNews && this.#shown.balance !== balance)
      this.#announcement.textContent = t("pill.now", { n: balance });
    this.#shown = { id: person.id, balance };
  }
}

/** What the button does where there is no balance yet. @type {Record<string, string>} */
const BUTTON = { "signed-out": "account.sign_in", failed: "try_again" };

customElements.define("credit-balance", CreditBalance);
