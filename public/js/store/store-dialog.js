import "./code-form.js";
import "../../elements/credit-store.js";
import "./price-list.js";
import { noteStoreOpened } from "./api.js";
import { h, spoken } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/** The store, over whichever page it was asked for on. */
class StoreDialog extends HTMLElement {
  /** @type {import("../../elements/credit-store.js").CreditStore} */
  #packs = h("credit-store");
  /** Whose purse is filled: said where the money is spent. */
  #buyer = h("p", { class: "store__buyer" });
  /** Why the store opened by itself, if it did. */
  #reason = h("p", { class: "store__reason", id: "store-reason" });
  #code = h("code-form", { hidden: true });
  /** Whom this page has counted as having opened the store. */
  #counted = "";
  #dialog = h("dialog", {
    class: "store",
    "aria-labelledby": "store-title",
    "aria-describedby": "store-reason",
  });

  connectedCallback() {
    this.append(this.#dialog);
    this.#closeOnBackdrop();
    document.addEventListener("store:open", (event) => this.#open(/** @type {CustomEvent} */ (event).detail));
    // Whoever is signed out elsewhere, or has to sign in again, does that on the page below.
    session.addEventListener("change", () => session.user || this.#dialog.close());
  }

  /** @param {{ packageId?: string, reason?: string }} wish */
  async #open({ packageId, reason = "" }) {
    const isFirst = !this.#dialog.hasChildNodes();
    if (isFirst) this.#fill();
    this.#buyer.textContent = session.user ? t("store.for", { email: session.user.email }) : "";
    this.#code.hidden = !session.user;
    this.#reason.textContent = reason;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#count();
    await (isFirst ? this.#packs.ready : this.#packs.refresh({ cache: "default" }));
    if (packageId) this.#packs.buy(packageId);
  }

  /** The shop counts how many open the store, once for each person and page; nobody waits for it. */
  #count() {
    const userId = session.user?.id;
    if (!userId || userId === this.#counted) return;
    this.#counted = userId;
    noteStoreOpened().catch((error) => {
      if (!(error instanceof RequestError)) throw error;
    });
  }

  /** Done when it is first wanted, so that no page asks for a catalogue nobody looks at. */
  #fill() {
    const close = h(
      "button",
      { class: "store__close", type: "button", onclick: () => this.#dialog.close() },
      spoken(t("store.close")),
    );
    const header = h(
      "div",
      { class: "store__header" },
      h("h2", { id: "store-title", tabindex: "-1", autofocus: true }, t("store")),
      h("p", {}, t("store.about")),
      this.#buyer,
      close,
    );
    const prices = h(
      "section",
      { class: "store__prices", "aria-labelledby": "store-prices" },
      h("h3", { id: "store-prices" }, t("what_things_cost")),
      h("price-list"),
    );
    this.#dialog.append(header, this.#reason, this.#packs, this.#code, prices);
  }

  /** Only a press that begins and ends on the backdrop closes: not a selection dragged out of the dialog. */
  #closeOnBackdrop() {
    let began = false;
    const outside = (/** @type {MouseEvent} */ { clientX: x, clientY: y, target }) => {
      const box = this.#dialog.getBoundingClientRect();
      return target === this.#dialog && (x < box.left || x > box.right || y < box.top || y > box.bottom);
    };
    this.#dialog.addEventListener("pointerdown", (event) => (began = outside(event)));
    this.#dialog.addEventListener("click", (event) => began && outside(event) && this.#dialog.close());
  }
}

customElements.define("store-dialog", StoreDialog);
