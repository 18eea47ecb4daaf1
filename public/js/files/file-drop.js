import { loadCatalogue } from "../store/catalogue.js";
import { gem, h, spoken } from "../lib/dom.js";
import { ACCEPTED, kindOf } from "./file-kinds.js";
import { t } from "../lib/texts.js";

/** What may be dropped, as it is written under the button. */
const OFFERS = [
  { feature: "docx_processing", name: "DOCX" },
  { feature: "txt_upload", name: "TXT, MD" },
  { feature: "audio_upload", name: "MP3, WAV, M4A, M4B, FLAC, OGG, Opus" },
];

/** The open purse: a file is dropped into it, or chosen. Tells of one by "file:chosen", or "file:refused" and why. */
export class FileDrop extends HTMLElement {
  #prices = h("p", { class: "drop__prices" });
  #input = h("input", { type: "file", accept: ACCEPTED, hidden: true, onchange: () => this.#onInput() });
  #button = h(
    "button",
    { class: "button button--gold", type: "button", onclick: () => this.#input.click() },
    t("drop.choose"),
  );

  connectedCallback() {
    const zone = h(
      "div",
      { class: "drop clasp" },
      gem(),
      h("p", { class: "drop__invitation" }, t("drop.invitation")),
      this.#button,
      this.#prices,
      this.#input,
    );
    this.replaceChildren(zone);
    this.#catchDrops();
    document.addEventListener("catalogue:loaded", () => this.#showPrices());
    this.#showPrices();
  }

  /** Brings the keyboard here. */
  focusButton() {
    this.#button.focus();
  }

  /** A file let go beside the zone would replace the page: wherever it is let go, it is meant for here. */
  #catchDrops() {
    const carriesFiles = (/** @type {DragEvent} */ { dataTransfer }) => dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      this.toggleAttribute("data-over", true);
    });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) this.toggleAttribute("data-over", false);
    });
    document.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      this.toggleAttribute("data-over", false);
      this.#take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  #onInput() {
    this.#take([...(this.#input.files ?? [])]);
    // The same file may be chosen again.
    this.#input.value = "";
  }

  /** @param {File[]} files */
  #take(files) {
    const [file] = files;
    const trouble = troubleWith(files);
    const event = trouble
      ? new CustomEvent("file:refused", { detail: { trouble } })
      : new CustomEvent("file:chosen", { detail: { file, kind: kindOf(file.name) } });
    this.dispatchEvent(event);
  }

  async #showPrices() {
    const { features } = await loadCatalogue().catch(() => ({ features: [] }));
    const costs = new Map(features.map(({ id, credits }) => [id, credits]));
    const offers = OFFERS.map(({ feature, name }) => {
      const cost = costs.get(feature);
      const price = cost === undefined ? [] : [gem(), h("strong", {}, String(cost)), spoken(t("spoken.credits"))];
      return h("span", {}, `${name} `, ...price);
    });
    this.#prices.replaceChildren(...offers);
  }
}

/** Why these cannot be taken, if they cannot. @param {File[]} files */
function troubleWith(files) {
  if (files.length !== 1) return t("drop.one");
  const [file] = files;
  if (!kindOf(file.name)) return t("drop.kinds", { name: file.name });
  return file.size === 0 ? t("drop.empty", { name: file.name }) : null;
}

customElements.define("file-drop", FileDrop);
