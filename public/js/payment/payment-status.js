import "../session/auth-form.js";
import { gem, h } from "../lib/dom.js";
import { shop } from "../lib/shop.js";
import { t } from "../lib/texts.js";
import { session } from "../session/session.js";
import { actions, documents, homeLink, newBalance, nextSteps, reference, storeButton } from "./payment-parts.js";
import { NOTHING_SEEN, looksLikeASession, watchPayment } from "./payment-watch.js";
import { boughtIn, textOf, titleOf } from "./payment-words.js";

/** @typedef {import("./payment-watch.js").Sighting} Sighting */

const SPARKS = 10;

/** What became of the payment somebody has just come back from. Says "paid" only once the ledger does. */
class PaymentStatus extends HTMLElement {
  #sessionId = new URLSearchParams(location.search).get("session_id") ?? "";
  #title = h("h1", { class: "payment__title", tabindex: "-1" });
  #bought = h("p", { class: "payment__bought" });
  #text = h("p", { class: "payment__text" });
  #below = h("div", { class: "payment__below" });
  #watching = new AbortController();
  #state = "";

  connectedCallback() {
    const announced = h("div", { role: "status" }, this.#title, this.#bought, this.#text);
    this.replaceChildren(
      h("div", { class: "payment__sign", "aria-hidden": "true" }, ...sparks()),
      announced,
      this.#below,
    );
    session.addEventListener("change", () => this.#start());
    // Back from the payment page, which may have been paid meanwhile: what the browser kept is shown until we know.
    addEventListener("pageshow", (event) => event.persisted && this.#watch());
    this.#start();
  }

  #start() {
    this.#watching.abort();
    if (!looksLikeASession(this.#sessionId)) return this.#show({ ...NOTHING_SEEN, state: "invalid" });
    if (!session.user) return this.#show({ ...NOTHING_SEEN, state: "signed-out" });
    this.#show(NOTHING_SEEN);
    this.#watch();
  }

  async #watch() {
    this.#watching.abort();
    if (this.#state === "invalid" || !session.user) return;
    this.#watching = new AbortController();
    for await (const sighting of watchPayment(this.#sessionId, this.#watching.signal)) this.#show(sighting);
  }

  /** @param {Sighting} sighting */
  #show(sighting) {
    this.#say(this.#bought, boughtIn(sighting));
    this.#say(this.#text, textOf(sighting));
    if (sighting.state === this.#state) return;
    this.#state = sighting.state;
    this.dataset.state = sighting.state;
    const title = titleOf(sighting);
    this.#say(this.#title, title);
    shop.titlePage(title);
    this.#offer(this.#furtherSteps(sighting));
  }

  /** A text that is already there is not said again. @param {HTMLElement} place @param {string} text */
  #say(place, text) {
    if (place.textContent !== text) place.textContent = text;
  }

  /** What the keyboard was on has gone: it goes on at the heading. @param {Node[]} steps */
  #offer(steps) {
    const hadFocus = this.#below.contains(document.activeElement);
    this.#below.replaceChildren(...steps);
    if (hadFocus) this.#title.focus();
  }

  /** @param {Sighting} sighting @returns {Node[]} */
  #furtherSteps({ state, purchase }) {
    switch (state) {
      case "confirming":
        return [];
      case "paid":
        return [newBalance(), nextSteps(), ...(purchase ? [documents(purchase)] : [])];
      case "open":
        return [actions(toPaymentPage(purchase?.checkout_url ?? ""), storeButton({ quiet: true }))];
      case "unconfirmed":
      case "unknown":
        return [actions(this.#againButton(), homeLink()), reference(this.#sessionId)];
      case "not-found":
        return [actions(signInAsAnother(), homeLink()), reference(this.#sessionId)];
      case "processing":
      case "mismatch":
        return [actions(homeLink()), reference(this.#sessionId)];
      case "signed-out":
        return [h("auth-form")];
      case "invalid":
        return [actions(h("a", { class: "button", href: "/" }, t("payment.go_to_balance")))];
      default:
        return [actions(storeButton(), homeLink())];
    }
  }

  #againButton() {
    const label = t("payment.check_again");
    return h("button", { class: "button", type: "button", onclick: () => this.#start() }, label);
  }
}

/** @param {string} url */
const toPaymentPage = (url) => h("a", { class: "button", href: url }, t("payment.go_and_pay"));

/** This page then asks who it is. */
function signInAsAnother() {
  const label = t("payment.sign_in_as_another");
  return h("button", { class: "button", type: "button", onclick: () => session.signOut() }, label);
}

/** The gems of the small celebration; the stylesheet alone decides whether they fly. */
function sparks() {
  const flying = Array.from({ length: SPARKS }, () => h("span", { class: "payment__spark" }));
  return [h("span", { class: "payment__gem" }, gem()), ...flying];
}

customElements.define("payment-status", PaymentStatus);
