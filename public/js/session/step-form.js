import { authProblem } from "./auth-messages.js";
import { h, uniqueId } from "../lib/dom.js";

/**
 * @typedef {import("../lib/form-field.js").Field & { check: (input: HTMLInputElement) => string }} CheckedField
 * @typedef {{ title?: string, lead?: string, submit: string, submitting: string }} StepWords
 */

/** A form of one step: heading, what is wrong, fields, and one button that is busy while it works. */
export class StepForm {
  #title;
  #lead = h("p", { class: "auth__lead" });
  #problem = h("p", { class: "auth__problem", role: "alert" });
  #fields;
  #submit = h("button", { class: "button button--wide", type: "submit" });
  #words;
  #run;
  #busy = false;

  /**
   * @param {StepWords} words
   * @param {Record<string, CheckedField>} fields by the name that a problem has for them
   * @param {() => Promise<void>} run what the button does; what it throws is told in words
   * @param {{ extras?: Element[], below?: Element[], label?: string }} [options]
   *   extras: before the button; below: after it; label: where there is no title
   */
  constructor(words, fields, run, { extras = [], below = [], label } = {}) {
    const id = uniqueId("step");
    this.#words = words;
    this.#fields = fields;
    this.#run = run;
    this.#title = words.title ? h("h1", { class: "auth__title", id, tabindex: "-1" }, words.title) : null;
    this.#lead.textContent = words.lead ?? "";
    this.#submit.textContent = words.submit;
    this.element = h(
      "form",
      {
        class: "auth",
        novalidate: true,
        "aria-labelledby": this.#title ? id : null,
        "aria-label": this.#title ? null : label,
        onsubmit: (/** @type {Event} */ event) => this.#onSubmit(event),
      },
      this.#title,
      this.#lead,
      this.#problem,
      ...Object.values(fields).map(({ element }) => element),
      ...extras,
      this.#submit,
      ...below,
    );
  }

  /** Says something above the fields, read out at once. @param {string} text */
  complain(text) {
    this.#problem.textContent = text;
  }

  /** @param {string} text */
  tell(text) {
    this.#lead.textContent = text;
  }

  focusTitle() {
    this.#title?.focus();
  }

  /** @param {Event} event */
  async #onSubmit(event) {
    event.preventDefault();
    if (this.#busy || !this.#isComplete()) return;
    this.#setBusy(true);
    try {
      await this.#run();
    } catch (error) {
      this.#explain(error);
    }
    this.#setBusy(false);
  }

  #isComplete() {
    this.complain("");
    const fields = Object.values(this.#fields);
    for (const field of fields) field.complain(field.element.hidden ? "" : field.check(field.input));
    const wrong = fields.find((field) => field.isWrong);
    wrong?.input.focus();
    return !wrong;
  }

  /** @param {import("../lib/http.js").RequestError} error */
  #explain(error) {
    const { text, field: name } = authProblem(error);
    const field = name && this.#fields[name];
    if (!field) return this.complain(text);
    field.complain(text);
    field.input.focus();
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    this.#submit.textContent = busy ? this.#words.submitting : this.#words.submit;
    this.#submit.setAttribute("aria-busy", String(busy));
    this.#submit.setAttribute("aria-disabled", String(busy));
  }
}
