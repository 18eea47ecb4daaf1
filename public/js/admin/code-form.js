import { whileBusy } from "../lib/busy-button.js";
import { copyButton } from "../lib/copy-button.js";
import { h } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { makeCodes } from "./api.js";
import { answers, areComplete, fieldOf, question, reasonOf } from "./questions.js";
import { count, credits, explain } from "./words.js";

const MOST_CODES = 10_000;
const MOST_CREDITS = 1_000_000_000;
const MOST_DAYS = 3650;

/**
 * Asks for a campaign, says what it costs at most, makes its codes, and shows them once.
 * @param {() => Promise<void>} onMade
 */
export function codeForm(onMade) {
  const id = fieldOf({ name: "id", label: "Campaign", type: "text", hint: "Lower-case letters, digits, - and _, as in fair-2026. The same campaign and terms again add codes to it." });
  const name = fieldOf({ name: "name", label: "Name", type: "text", hint: "The people see it in their history." });
  const worth = fieldOf({ name: "credits", label: "Credits a code gives", type: "number", min: 1, max: MOST_CREDITS });
  const many = oneOfTwo({ name: "count", label: "How many codes", type: "number", min: 1, max: MOST_CODES, hint: "Each works once in all. Nobody can guess them." });
  const word = oneOfTwo({ name: "code", label: "Or one word", type: "text", hint: "As WELCOME20: 4 to 64 letters and digits. It works once for each person." });
  const days = fieldOf({ name: "valid_days", label: "Days until the credits expire", type: "number", min: 1, max: MOST_DAYS, optional: true });
  const first = fieldOf({ name: "from", label: "First day", type: "date", optional: true, hint: "In UTC." });
  const last = fieldOf({ name: "until", label: "Last day", type: "date", optional: true, hint: "In UTC, included." });
  const isNew = question({ name: "new", label: "Only for people who have bought nothing yet", input: h("input", { type: "checkbox", name: "new" }), isOptional: true });
  const reason = reasonOf("Kept for good. Only staff see it.");
  id.input.pattern = "[a-z0-9][a-z0-9_\\-]{0,62}";
  name.input.maxLength = 100;
  word.input.pattern = "[A-Za-z0-9](?:[ \\-]?[A-Za-z0-9]){3,63}";
  word.input.maxLength = 64;
  const asked = [id, name, worth, many, word, days, first, last, reason];

  const problem = h("p", { class: "auth__problem", role: "alert" });
  const submit = h("button", { class: "button", type: "submit" }, "Preview");
  const effect = h("div", { class: "desk-effect", tabindex: "-1" });
  const shown = [id, name, worth, many, word, days, first, last, isNew, reason].map(({ element }) => element);
  const fields = h("fieldset", { class: "desk-questions" }, ...shown);
  const buttons = h("p", { class: "actions" }, submit);
  const form = h("form", { class: "desk-grants", novalidate: true }, fields, problem, buttons);

  const back = () => {
    effect.replaceChildren();
    fields.disabled = false;
    form.hidden = false;
    buttons.hidden = false;
  };
  const isRight = () => {
    if (!areComplete(asked)) return false;
    if (!many.input.value === !word.input.value) {
      many.complain("Give a number of codes, or one word.");
      many.input.focus();
      return false;
    }
    if (first.input.value && last.input.value && last.input.value < first.input.value) {
      last.complain("The last day is before the first.");
      last.input.focus();
      return false;
    }
    return true;
  };
  const preview = () => {
    // One key for what was agreed to, so that a second try after a silence makes no second set.
    const key = crypto.randomUUID();
    const request = { ...answers(asked), new_customers_only: isNew.input.checked };
    const change = h("button", { class: "button button--quiet", type: "button" }, "Change");
    const make = h("button", { class: "button", type: "button" }, `Make ${count(Number(many.input.value) || 1, "code")}`);
    change.addEventListener("click", () => {
      back();
      id.input.focus();
    });
    make.addEventListener("click", () =>
      whileBusy(make, "Making…", async () => {
        problem.textContent = "";
        try {
          const { codes } = await makeCodes(request, key);
          form.reset();
          form.hidden = true;
          effect.replaceChildren(...madeCodes(codes, request.id, back));
          effect.focus();
          await onMade();
        } catch (error) {
          if (!(error instanceof RequestError)) throw error;
          problem.textContent = explain(error);
          // What the server refused is changed and previewed anew. After a silence the key stays.
          if (error.status >= 400 && error.status < 500) back();
          if (error.code === "already_done") await onMade();
        }
      }),
    );
    fields.disabled = true;
    buttons.hidden = true;
    effect.replaceChildren(
      h("h3", {}, "This will happen"),
      h("p", {}, cost(Number(worth.input.value), Number(many.input.value))),
      h("p", { class: "actions" }, change, make),
    );
    effect.focus();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.textContent = "";
    if (isRight()) preview();
  });
  return h("div", { class: "desk-page" }, form, effect);
}

/** A field that may be left empty because another one is filled in. @param {import("./actions.js").Field} field */
function oneOfTwo(field) {
  const asked = fieldOf(field);
  asked.input.required = false;
  return { ...asked, isOptional: true };
}

/** What codes cost at most. @param {number} each credits @param {number} many codes; 0 is one word for everybody */
function cost(each, many) {
  if (!many) return `One word is made. It gives ${credits(each)} to each person who redeems it, however many they are.`;
  return `${count(many, "code is", "codes are")} made, of ${credits(each)} each: ${credits(each * many)} at most.`;
}

/** The codes, which nothing shows again. @param {string[]} codes @param {string} campaign @param {() => void} back */
function madeCodes(codes, campaign, back) {
  const lines = codes.join("\n");
  const list = h("textarea", { class: "desk-lines", rows: Math.min(codes.length + 1, 12), readonly: true, "aria-label": "Codes", spellcheck: "false" });
  list.value = lines;
  const download = h("button", { class: "button", type: "button" }, "Download");
  download.addEventListener("click", () => {
    // Letters, digits and hyphens, and none begins with a hyphen: a spreadsheet finds no formula.
    const url = URL.createObjectURL(new Blob([`code\r\n${codes.join("\r\n")}\r\n`], { type: "text/csv" }));
    h("a", { href: url, download: `${campaign}.csv` }).click();
    URL.revokeObjectURL(url);
  });
  const more = h("button", { class: "button button--quiet", type: "button" }, "Done");
  more.addEventListener("click", back);
  return [
    h("h3", {}, count(codes.length, "code was made", "codes were made")),
    h("p", { class: "desk-said" }, "Copy or download them now. They are not shown again, because only hashes of them are kept."),
    h("div", { class: "desk-grants" }, list),
    h("p", { class: "actions" }, download, copyButton(lines, "Copy"), more),
  ];
}
