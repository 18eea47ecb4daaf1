import { openStore } from "../js/store/checkout.js";
import { arrange, h } from "../js/lib/dom.js";
import { historyEntry } from "../js/credits/history-entry.js";
import { notice } from "../js/lib/notice.js";
import { readingProblem } from "../js/lib/problems.js";
import { t } from "../js/lib/texts.js";
import { wallet } from "../js/credits/wallet.js";
import { ShadowElement } from "../js/lib/shadow-element.js";
import styles from "../js/sheets/credit-history.js";

/** Every movement of credits, newest first, a page at a time. */
class CreditHistory extends ShadowElement {
  static sheets = [styles];

  #status = h("div", { class: "history__status" });
  #list = h("ol", { class: "history", role: "list", "aria-label": t("home.history") });
  /** @type {Map<string, HTMLElement>} */
  #entries = new Map();
  #more = h(
    "button",
    { class: "button button--quiet", type: "button", onclick: () => this.#loadMore() },
    t("show_earlier"),
  );

  connectedCallback() {
    this.shadow.replaceChildren(this.#status, this.#list, this.#more);
    wallet.addEventListener("change", () => this.#render());
    this.#render();
  }

  #render() {
    const { status, transactions, nextCursor, error } = wallet;
    if (status === "loading") this.#entries.clear();
    this.#list.setAttribute("aria-busy", String(status === "loading"));
    arrange(this.#list, status === "loading" ? skeletons() : transactions.map((each) => this.#entry(each)));
    this.#more.hidden = nextCursor === null;
    if (error) this.#say(`${readingProblem(error)} ${t("reading.credits_safe")}`, () => wallet.load());
    else this.#status.replaceChildren(...(status === "ready" && !transactions.length ? [empty()] : []));
  }

  /** Made once for what it shows, so that what is open or has the focus there stays so. */
  #entry(/** @type {import("../js/credits/wallet.js").Transaction} */ transaction) {
    const key = JSON.stringify(transaction);
    const entry = this.#entries.get(key) ?? historyEntry(transaction);
    this.#entries.set(key, entry);
    return entry;
  }

  async #loadMore() {
    if (this.#more.getAttribute("aria-busy") === "true") return;
    this.#more.setAttribute("aria-busy", "true");
    const known = wallet.transactions.length;
    try {
      await wallet.loadMore();
      // The reader goes on where the new page begins, also when the button is gone with the last one.
      /** @type {HTMLElement | undefined} */ (this.#list.children[known])?.focus();
    } catch (error) {
      this.#say(readingProblem(error), () => this.#loadMore());
    }
    this.#more.setAttribute("aria-busy", "false");
  }

  /** @param {string} text @param {() => void} run */
  #say(text, run) {
    this.#status.replaceChildren(notice(text, { action: { label: t("try_again"), run } }));
  }
}

const skeletons = () =>
  Array.from({ length: 3 }, () => h("li", { class: "entry entry--skeleton", "aria-hidden": "true" }));

function empty() {
  return h(
    "div",
    { class: "history__empty" },
    h("p", {}, t("history.empty")),
    h(
      "button",
      { class: "button button--quiet", type: "button", onclick: () => openStore() },
      t("history.visit_store"),
    ),
  );
}

customElements.define("credit-history", CreditHistory);
