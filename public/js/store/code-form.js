import { redeemCode } from "./api.js";
import { whileBusy } from "../lib/busy-button.js";
import { h, uniqueId } from "../lib/dom.js";
import { problem } from "../lib/problems.js";
import { person } from "../session/person.js";
import { t } from "../lib/texts.js";
import { wallet } from "../credits/wallet.js";

/** Longer than any code with its blanks and hyphens. */
const MAX_CHARS = 80;

/** Where a code becomes credits: a line that opens. It says what came of it, and the balance changes everywhere. */
export class CodeForm {
  #id = uniqueId("code");
  #input = h("input", {
    class: "code__input",
    id: this.#id,
    name: "code",
    maxlength: MAX_CHARS,
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    "aria-describedby": `${this.#id}-problem`,
  });
  #button = h("button", { class: "button", part: "button", type: "submit" }, t("redeem.submit"));
  #said = h("p", { class: "code__said", role: "status" });
  #problem = h("p", { class: "code__problem", id: `${this.#id}-problem`, role: "alert" });
  #form = h(
    "form",
    { novalidate: true, onsubmit: (/** @type {Event} */ event) => this.#onSubmit(event) },
    h("label", { class: "code__label", for: this.#id }, t("redeem.label")),
    h("div", { class: "code__row" }, this.#input, this.#button),
    this.#problem,
    this.#said,
  );
  element = h(
    "details",
    { class: "code", part: "code", hidden: true, ontoggle: () => this.element.open && this.#input.focus() },
    h("summary", {}, t("redeem.have")),
    this.#form,
  );

  /** Begins anew, for the next person. */
  reset() {
    this.element.open = false;
    this.#form.reset();
    this.#say("");
  }

  /** @param {Event} event */
  #onSubmit(event) {
    event.preventDefault();
    whileBusy(this.#button, t("checking"), () => this.#redeem());
  }

  async #redeem() {
    this.#say("");
    const code = this.#input.value.trim();
    if (!code) return this.#complain(t("redeem.missing"));
    const { id } = person;
    try {
      const { credits, campaign, replayed } = await redeemCode(code);
      if (person.id !== id) return;
      this.#input.value = "";
      this.#say(t(replayed ? "redeem.had_before" : "redeem.added", { n: credits, campaign }));
      wallet.load();
    } catch (error) {
      if (person.id === id) this.#complain(explain(error));
    }
  }

  /** @param {string} text */
  #say(text) {
    this.#complaint("");
    this.#said.textContent = text;
  }

  /** @param {string} text */
  #complain(text) {
    this.#complaint(text);
    this.#input.focus();
  }

  /** @param {string} text */
  #complaint(text) {
    this.#problem.textContent = text;
    this.#input.setAttribute("aria-invalid", String(text !== ""));
  }
}

/** @param {import("../lib/http.js").RequestError} error */
function explain(error) {
  switch (error.code) {
    case "code_not_valid":
      return t("redeem.not_valid");
    case "address_required":
      return t("redeem.address_required");
    case "too_many_attempts":
      return t("redeem.too_many");
  }
  return problem(error).text;
}
