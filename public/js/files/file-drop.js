import { loadCatalogue } from "../store/catalogue.js";
import { gem, h, spoken } from "../lib/dom.js";
import { formatSize } from "../lib/measures.js";
import { ACCEPTED, OFFERS } from "./file-kinds.js";
import { shelf } from "./file-shelf.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/** The open purse: files are dropped into it, or chosen. Tells of them by "files:chosen". */
export class FileDrop extends HTMLElement {
  #limits = h("ul", { class: "drop__limits", role: "list", "aria-label": t("drop.limits") });
  #input = h("input", {
    type: "file",
    accept: ACCEPTED,
    multiple: true,
    hidden: true,
    onchange: () => this.#onInput(),
  });
  #button = h(
    "button",
    { class: "button button--gold", type: "button", onclick: () => this.#input.click() },
    t("drop.choose"),
  );
  #veil = h("div", { class: "drop-veil", "aria-hidden": "true", hidden: true }, h("p", {}, t("drop.let_go")));
  #leaving = new AbortController();

  connectedCallback() {
    const zone = h(
      "div",
      { class: "drop clasp" },
      h("p", { class: "drop__invitation" }, gem(), " ", t("drop.invitation")),
      this.#button,
      this.#limits,
      this.#input,
    );
    this.replaceChildren(zone, this.#veil);
    this.#leaving = new AbortController();
    this.#catchDrops(this.#leaving.signal);
    document.addEventListener("catalogue:loaded", () => this.#showLimits(), { signal: this.#leaving.signal });
    shelf.addEventListener("change", () => this.#showLimits(), { signal: this.#leaving.signal });
    this.#showLimits();
  }

  disconnectedCallback() {
    this.#leaving.abort();
  }

  /** Brings the keyboard here. */
  focusButton() {
    this.#button.focus();
  }

  /** A file let go anywhere would replace the page: wherever that is, it is meant for here. @param {AbortSignal} signal */
  #catchDrops(signal) {
    const carriesFiles = (/** @type {DragEvent} */ { dataTransfer }) => dataTransfer?.types.includes("Files");
    document.addEventListener(
      "dragover",
      (event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        const takes = this.#takesDrops();
        if (event.dataTransfer) event.dataTransfer.dropEffect = takes ? "copy" : "none";
        this.#veil.hidden = !takes;
      },
      { signal },
    );
    document.addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || this.#hideVeil(), { signal });
    document.addEventListener(
      "drop",
      (event) => {
        if (!carriesFiles(event)) return;
        event.preventDefault();
        this.#hideVeil();
        if (this.#takesDrops()) this.#tell([...(event.dataTransfer?.files ?? [])]);
      },
      { signal },
    );
  }

  /** Not from under a dialog, and not for nobody. */
  #takesDrops() {
    return session.user !== null && !document.querySelector("dialog[open]");
  }

  #hideVeil() {
    this.#veil.hidden = true;
  }

  #onInput() {
    const files = [...(this.#input.files ?? [])];
    // The same file may be chosen again.
    this.#input.value = "";
    this.#tell(files);
  }

  /** @param {File[]} files */
  #tell(files) {
    if (files.length) this.dispatchEvent(new CustomEvent("files:chosen", { detail: { files } }));
  }

  async #showLimits() {
    const { features } = await loadCatalogue().catch(() => ({ features: [] }));
    const costs = new Map(features.map(({ id, credits }) => [id, credits]));
    this.#limits.replaceChildren(...OFFERS.map((offer) => limit(offer, costs.get(offer.feature))));
  }
}

/**
 * One kind: its endings, how large it may be, and what it costs.
 * @param {{ feature: string, name: string, endings: string }} offer
 * @param {number} [cost] in credits, if it is known
 */
function limit({ feature, name, endings }, cost) {
  const most = shelf.maxBytes?.[feature];
  const size = most === undefined ? "" : t("drop.up_to", { size: formatSize(most) });
  const price = cost === undefined ? [] : [gem(), " ", h("strong", {}, String(cost)), spoken(t("spoken.credits"))];
  return h(
    "li",
    { class: "drop__limit" },
    h("span", { class: "drop__kind" }, name),
    h("span", { class: "drop__price" }, ...price),
    h("span", { class: "drop__endings" }, [endings, size].filter(Boolean).join(" · ")),
  );
}

customElements.define("file-drop", FileDrop);
