import { h, uniqueId } from "../lib/dom.js";
import { t } from "../lib/texts.js";

/**
 * The box by which a buyer gives up the right of withdrawal before checkout, where the shop asks for it. It is
 * not ticked, and only the buyer ticks it.
 */
export class WaiverBox {
  #id = uniqueId("waiver");
  #box = h("input", {
    id: this.#id,
    type: "checkbox",
    "aria-describedby": `${this.#id}-problem`,
    onchange: () => this.complain(""),
  });
  #words = h("label", { for: this.#id });
  #problem = h("p", { class: "waiver__problem", id: `${this.#id}-problem`, role: "alert" });
  element = h("div", { class: "waiver", part: "waiver", hidden: true }, this.#box, this.#words, this.#problem);
  /** @type {string | null} */
  #wording = null;

  /** Asks with these words; null: asks nothing. Other words have to be agreed to anew. @param {string | null} wording */
  ask(wording) {
    if (wording === this.#wording) return;
    this.#wording = wording;
    this.#words.textContent = wording ?? "";
    this.element.hidden = wording === null;
    this.reset();
  }

  /** Nobody agrees for the next person. */
  reset() {
    this.#box.checked = false;
    this.complain("");
  }

  /** The words agreed to; null if nothing is asked. Complains and returns undefined without the tick. */
  get agreed() {
    if (this.#wording === null || this.#box.checked) return this.#wording;
    this.complain(t("waiver.missing"));
    this.#box.focus();
    return undefined;
  }

  /** @param {string} text */
  complain(text) {
    this.#problem.textContent = text;
    this.#box.setAttribute("aria-invalid", String(text !== ""));
  }
}
