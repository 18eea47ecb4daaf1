import { openStore } from "../store/checkout.js";
import { gem, h, spoken } from "../lib/dom.js";
import { session } from "../session/session.js";
import { formatNumber, t } from "../lib/texts.js";
import { wallet } from "./wallet.js";

/** The balance in the header: a button that opens the store, and says so when the balance changes. */
class BalancePill extends HTMLElement {
  #amount = h("span", { class: "pill__amount" });
  #unit = spoken(t("pill.open"));
  #button = h(
    "button",
    { class: "pill", type: "button", onclick: () => openStore() },
    gem(),
    this.#amount,
    this.#unit,
  );
  #announcement = h("span", { class: "visually-hidden", role: "status" });
  /** @type {number | null} */
  #shown = null;

  connectedCallback() {
    this.replaceChildren(this.#button, this.#announcement);
    for (const source of [wallet, session]) source.addEventListener("change", () => this.#render());
    this.#render();
  }

  #render() {
    this.hidden = !session.user;
    const { balance, status } = wallet;
    const unknown = balance === null;
    this.#button.dataset.state = unknown ? status : "ready";
    this.#button.setAttribute("aria-busy", String(unknown && status === "loading"));
    this.#amount.textContent = unknown ? "–" : formatNumber(balance);
    this.#unit.textContent = t(unknown ? "pill.unknown" : "pill.open");
    if (!unknown && this.#shown !== null && balance !== this.#shown) this.#celebrateChange(balance);
    this.#shown = balance;
  }

  /** @param {number} balance */
  #celebrateChange(balance) {
    this.#announcement.textContent = t("pill.now", { n: balance });
    this.#button.dataset.changed = "";
    setTimeout(() => delete this.#button.dataset.changed, 800);
  }
}

customElements.define("balance-pill", BalancePill);
