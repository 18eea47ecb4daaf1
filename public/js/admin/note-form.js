import { whileBusy } from "../lib/busy-button.js";
import { h } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { act } from "./api.js";
import { explain } from "./words.js";

const MOST_LETTERS = 2000;

/**
 * Adds a note about a person.
 * @param {string} userId
 * @param {() => void} onAdded
 */
export function noteForm(userId, onAdded) {
  const text = h("textarea", { id: "desk-note", rows: 3, maxlength: MOST_LETTERS, required: true });
  const problem = h("p", { class: "auth__problem", role: "alert" });
  const submit = h("button", { class: "button button--quiet", type: "submit" }, "Add note");
  // Kept for another try after a silence; a changed text is another note.
  let key = crypto.randomUUID();
  text.addEventListener("input", () => (key = crypto.randomUUID()));
  const form = h(
    "form",
    { class: "desk-note-form", novalidate: true },
    h("label", { for: "desk-note" }, "New note"),
    text,
    h("p", { class: "desk-hint" }, "Only staff see it. It is deleted with the account."),
    problem,
    h("p", {}, submit),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    const reason = text.value.trim();
    if (!reason) return text.focus();
    await whileBusy(submit, "Adding…", async () => {
      try {
        await act({ action: "note", user_id: userId, reason }, key);
        onAdded();
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        problem.textContent = explain(error);
      }
    });
  });
  return form;
}
