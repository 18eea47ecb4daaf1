import { h, uniqueId } from "./dom.js";
import { t } from "./texts.js";

/**
 * @typedef {{ element: HTMLElement, input: HTMLInputElement, isWrong: boolean, complain(text: string): void,
 *   hint(text: string): void }} Field  complain: says what is wrong; hint: says what is asked for
 */

/**
 * A labelled input with room for what is wrong with it.
 * @param {{ label: string } & Record<string, string>} options the rest are attributes of the input
 * @param {...Node} extras beside the input
 * @returns {Field}
 */
export function formField({ label, ...attributes }, ...extras) {
  const id = uniqueId("field");
  const input = /** @type {HTMLInputElement} */ (
    h("input", {
      id,
      required: true,
      "aria-describedby": `${id}-hint ${id}-problem`,
      autocapitalize: "none",
      spellcheck: "false",
      ...attributes,
    })
  );
  const said = h("p", { class: "field__hint", id: `${id}-hint` });
  const complaint = h("p", { class: "field__problem", id: `${id}-problem` });
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: id }, label),
    h("div", { class: "field__box" }, input, ...extras),
    said,
    complaint,
  );
  return {
    element,
    input,
    get isWrong() {
      return complaint.textContent !== "";
    },
    complain(text) {
      complaint.textContent = text;
      input.setAttribute("aria-invalid", String(text !== ""));
    },
    hint(text) {
      said.textContent = text;
    },
  };
}

/**
 * A password that can be looked at before it is sent.
 * @param {{ label: string } & Record<string, string>} options
 * @returns {Field}
 */
export function passwordField(options) {
  const toggle = h("button", { class: "field__toggle", type: "button", "aria-pressed": "false" }, t("auth.show"));
  toggle.setAttribute("aria-label", t("auth.show_password"));
  const field = formField({ ...options, type: "password" }, toggle);
  toggle.addEventListener("click", () => {
    const shown = field.input.type === "password";
    field.input.type = shown ? "text" : "password";
    toggle.setAttribute("aria-pressed", String(shown));
  });
  return field;
}
