import "../session/auth-form.js";
import { openStore } from "../store/checkout.js";
import { gem, h } from "../lib/dom.js";
import { newBalance, nextSteps, receipt, reference } from "./payment-parts.js";
import { watchPayment } from "./payment-watch.js";
import { session } from "../session/session.js";
import { shop } from "../lib/shop.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./payment-watch.js").Sighting} Sighting */

const SPARKS = 10;
const LOOKS_LIKE_A_SESSION = /^cs_\w{1,250}$/;

/** What became of the payment somebody has just come back from. Says "paid" only once the ledger does. */
class PaymentStatus extends HTMLElement {
  #sessionId = new URLSearchParams(location.search).get("session_id") ?? "";
  #title = h("h1", { class: "payment__title" });
  #text = h("p", { class: "payment__text" });
  #below = h("div", { class: "payment__below" });
  #watching = new AbortController();
  #state = "";

  connectedCallback() {
    const announced = h("div", { role: "status" }, this.#title, this.#text);
    this.replaceChildren(
      h("div", { class: "payment__sign", "aria-hidden": "true" }, ...sparks()),
      announced,
      this.#below,
    );
    session.addEventListener("change", () => this.#start());
    this.#start();
  }

  async #start() {
    this.#watching.abort();
    this.#watching = new AbortController();
    const nothing = { purchase: null, reachable: true };
    if (!LOOKS_LIKE_A_SESSION.test(this.#sessionId)) return this.#show({ state: "invalid", ...nothing });
    if (!session.user) return this.#show({ state: "signed-out", ...nothing });
    this.#show({ state: "confirming", ...nothing });
    for await (const sighting of watchPayment(this.#sessionId, this.#watching.signal)) this.#show(sighting);
  }

  /** @param {Sighting} sighting */
  #show({ state, purchase, reachable }) {
    const key = `payment.${state.replace("-", "_")}`;
    const title = t(key);
    if (state === "paid" && purchase) this.#say(this.#text, receipt(purchase));
    else this.#say(this.#text, reachable ? t(`${key}.more`) : t("payment.unreachable"));
    if (state === this.#state) return;
    this.#state = state;
    this.dataset.state = state;
    this.#say(this.#title, title);
    shop.titlePage(title);
    this.#below.replaceChildren(...this.#furtherSteps(state));
  }

  /** A text that is already there is not said again. @param {HTMLElement} place @param {string} text */
  #say(place, text) {
    if (place.textContent !== text) place.textContent = text;
  }

  /** @param {string} state @returns {Node[]} */
  #furtherSteps(state) {
    const home = h("a", { class: "button button--quiet", href: "/" }, t("see_balance"));
    const store = h(
      "button",
      { class: "button", type: "button", onclick: () => openStore() },
      t("back_to_store"),
    );
    const again = h(
      "button",
      { class: "button", type: "button", onclick: () => this.#start() },
      t("payment.check_again"),
    );
    switch (state) {
      case "confirming":
        return [];
      case "paid":
        return [newBalance(), nextSteps()];
      case "unconfirmed":
        return [actions(again, home), reference(this.#sessionId)];
      case "processing":
      case "mismatch":
        return [actions(home), reference(this.#sessionId)];
      case "signed-out":
        return [h("auth-form")];
      case "invalid":
        return [actions(h("a", { class: "button", href: "/" }, t("payment.go_to_balance")))];
      default:
        return [actions(store, home)];
    }
  }
}

const actions = (/** @type {Node[]} */ ...nodes) => h("p", { class: "actions" }, ...nodes);

/** The gems of the small celebration; the stylesheet alone decides whether they fly. */
function sparks() {
  const flying = Array.from({ length: SPARKS }, () => h("span", { class: "payment__spark" }));
  return [h("span", { class: "payment__gem" }, gem()), ...flying];
}

customElements.define("payment-status", PaymentStatus);
