import { storeHeader, storeIntro } from "./store-frame.js";
import { closeOnBackdrop } from "../lib/dialog.js";
import { h } from "../lib/dom.js";
import { notice } from "../lib/notice.js";
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
  #dialog = h("dialog", {
    class: "store",
    "aria-labelledby": "store-title",
    "aria-describedby": "store-reason",
  });

  connectedCallback() {
    this.append(this.#dialog);
    closeOnBackdrop(this.#dialog);
    document.addEventListener("store:open", (event) => this.#open(/** @type {CustomEvent} */ (event).detail));
    // Whoever is signed out elsewhere, or has to sign in again, does that on the page below.
    session.addEventListener("change", () => session.user || this.#dialog.close());
  }

  /** @param {{ packageId?: string, reason?: string }} wish */
  async #open({ packageId, reason = "" }) {
    const isFirst = !this.#dialog.hasChildNodes();
    if (isFirst) this.#fill();
    this.#buyer.textContent = session.user ? t("store.for", { email: session.user.email }) : "";
    this.#reason.textContent = reason;
    if (!this.#dialog.open) this.#dialog.showModal();
    if (!(await this.#load())) return;
    await (isFirst ? this.#packs.ready : this.#packs.refresh({ cache: "default" }));
    if (packageId) this.#packs.buy(packageId);
  }

  /** Loaded with the page already, mostly. Answers whether there is something to show. */
  async #load() {
    const content = await import("./store-content.js").catch(() => null);
    const action = { label: t("try_again"), run: () => location.reload() };
    if (!content) this.#packs.replaceWith(notice(t("reading.other"), { action }));
    return content !== null;
  }

  /** Done when it is first wanted, so that no page asks for a catalogue nobody looks at. */
  #fill() {
    const header = storeHeader("store-title", () => this.#dialog.close());
    const prices = h(
      "section",
      { class: "store__prices", "aria-labelledby": "store-prices" },
      h("h3", { id: "store-prices" }, t("what_things_cost")),
      h("price-list"),
    );
    this.#dialog.append(header, storeIntro(this.#buyer), this.#reason, this.#packs, prices);
  }
}

customElements.define("store-dialog", StoreDialog);
