import { h, uniqueId } from "../lib/dom.js";

const MOST_REASON = 500;

/** @typedef {{ element: HTMLElement, input: any, isOptional: boolean,
 *   name: string, complain(text: string): void }} Question */

/** @param {import("./actions.js").Field} field @returns {Question} */
export function fieldOf({ name, label, type, min, max, optional = false, hint }) {
  const input = h("input", {
    type,
    name,
    min: min ?? null,
    max: max ?? null,
    step: type === "number" ? 1 : null,
    required: !optional,
    inputmode: type === "number" ? "numeric" : null,
    autocomplete: "off",
    spellcheck: "false",
  });
  return question({ name, label: optional ? `${label} (optional)` : label, input, hint, isOptional: optional });
}

/** @param {{ name: string, label: string, input: any, hint?: string, isOptional: boolean }} about @returns {Question} */
export function question({ name, label, input, hint = "", isOptional }) {
  const id = uniqueId("question");
  const complaint = h("p", { class: "field__problem", id: `${id}-problem` });
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-hint ${id}-problem`);
  return {
    name,
    input,
    isOptional,
    element: h(
      "div",
      { class: "field" },
      h("label", { for: id }, label),
      h("div", { class: "field__box" }, input),
      h("p", { class: "field__hint", id: `${id}-hint` }, hint),
      complaint,
    ),
    complain(text) {
      complaint.textContent = text;
      input.setAttribute("aria-invalid", String(text !== ""));
    },
  };
}

/** Whether all are answered; says at each what is wrong, and goes to the first. @param {Question[]} questions */
export function areComplete(questions) {
  const wrong = questions.filter(({ input, isOptional, complain }) => {
    const isEmpty = input.value.trim() === "";
    const isWrong = (isEmpty && !isOptional) || !input.validity.valid;
    complain(!isWrong ? "" : isEmpty && input.validity.valueMissing ? "This is needed." : input.validationMessage || "This is needed.");
    return isWrong;
  });
  wrong[0]?.input.focus();
  return wrong.length === 0;
}

/** The answers by name; those left empty are not among them. @param {Question[]} questions */
export function answers(questions) {
  const given = questions.filter(({ input }) => input.value.trim() !== "");
  return Object.fromEntries(
    given.map(({ name, input }) => [name, input.type === "number" ? Number(input.value) : input.value.trim()]),
  );
}

/** Asks why. @param {string} hint who will read it @returns {Question} */
export function reasonOf(hint) {
  const input = h("textarea", { name: "reason", rows: 2, maxlength: MOST_REASON, required: true });
  return question({ name: "reason", label: "Reason", input, hint, isOptional: false });
}
