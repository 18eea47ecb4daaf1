import { whileBusy } from "../lib/busy-button.js";
import { h } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { previewGrants } from "./api.js";
import { carryOut } from "./grant-run.js";
import { previewTable } from "./grant-tables.js";
import { areComplete, fieldOf, question, reasonOf } from "./questions.js";
import { count, credits, explain } from "./words.js";

/**
 * Takes a file or pasted lines, says what each line would do, and grants them.
 * @param {{ lines: number, bytes: number }} limits of one file
 * @param {(batch: import("./grants.js").Batch) => Promise<void>} onEnd
 */
export function grantForm(limits, onEnd) {
  const file = question({
    name: "file",
    label: "CSV file (optional)",
    input: h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain" }),
    hint: "Its text is put into the field below. It leaves this page only when you preview.",
    isOptional: true,
  });
  const csv = question({
    name: "csv",
    label: "Lines",
    input: h("textarea", { name: "csv", rows: 8, required: true, spellcheck: "false", autocomplete: "off", class: "desk-lines" }),
    hint: `First line: person,credits and, if you need them, valid_days and note. A person is an e-mail address or a user id. At most ${count(limits.lines, "line")} and ${limits.bytes / 1024} KB; split what is longer. Only staff see notes.`,
    isOptional: false,
  });
  const campaign = fieldOf({ name: "campaign", label: "Name", type: "text", hint: "The people see it in their history. Their lots are named so." });
  campaign.input.maxLength = 100;
  const reason = reasonOf("Kept for good. Only staff see it.");
  const problem = h("p", { class: "auth__problem", role: "alert" });
  const submit = h("button", { class: "button", type: "submit" }, "Preview");
  const effect = h("div", { class: "desk-effect", tabindex: "-1" });
  const questions = [file, csv, campaign, reason];
  const fields = h("fieldset", { class: "desk-questions" }, ...questions.map(({ element }) => element));
  const buttons = h("p", { class: "actions" }, submit);
  const form = h("form", { class: "desk-grants", novalidate: true }, fields, problem, buttons);

  const back = () => {
    effect.replaceChildren();
    fields.disabled = false;
    buttons.hidden = false;
  };
  const preview = async () => {
    problem.textContent = "";
    const request = { campaign: campaign.input.value.trim(), csv: csv.input.value };
    try {
      const told = await previewGrants(request);
      fields.disabled = true;
      buttons.hidden = true;
      // One key for what was agreed to, so that a second try after a silence grants nobody twice.
      effect.replaceChildren(...inWords(told, { ...request, reason: reason.input.value.trim() }, crypto.randomUUID()));
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      problem.textContent = error.code === "body_too_large" ? "These lines are too large. Split them." : explain(error);
    }
  };
  /** @param {any} told @param {Record<string, unknown>} request @param {string} key */
  const inWords = (told, request, key) => {
    const change = h("button", { class: "button button--quiet", type: "button" }, "Change");
    change.addEventListener("click", () => {
      back();
      csv.input.focus();
    });
    const faulty = told.lines.filter((/** @type {any} */ each) => each.fault);
    const repeated = told.lines.filter((/** @type {any} */ each) => each.given_before);
    return [
      h("h3", {}, faulty.length ? `${count(faulty.length, "line")} of ${told.lines.length} cannot be granted` : "This will happen"),
      faulty.length
        ? h("p", {}, "Nobody is granted anything while a line has a fault. Change the lines, or leave out those with a fault.")
        : h("p", {}, `${count(told.lines.length, "person gets", "people get")} ${credits(told.credits)} in all. What should not have been granted is corrected on the person's page, one by one.`),
      repeated.length > 0 &&
        h("p", { class: "desk-said" }, `${count(repeated.length, "person", "people")} had credits of this name before. Is this the same file again?`),
      previewTable([...faulty, ...told.lines.filter((/** @type {any} */ each) => !each.fault)]),
      h("p", { class: "actions" }, change, faulty.length > 0 && faulty.length < told.lines.length && leaveOut(faulty)),
      faulty.length === 0 &&
        carryOut({
          request,
          key,
          lines: told.lines.length,
          label: `Grant ${credits(told.credits)} to ${count(told.lines.length, "person", "people")}`,
          onBegin: () => change.remove(),
          onRefused: (error) => {
            back();
            problem.textContent = explain(error);
          },
          onEnd,
        }),
    ].filter((node) => node instanceof Node);
  };
  /** @param {{ line: number, last_line: number }[]} faulty */
  const leaveOut = (faulty) => {
    const button = h("button", { class: "button", type: "button" }, `Leave out ${count(faulty.length, "line")}`);
    button.addEventListener("click", async () => {
      const isFaulty = (/** @type {number} */ line) => faulty.some((each) => each.line <= line && line <= each.last_line);
      csv.input.value = csv.input.value
        .split("\n")
        .filter((/** @type {string} */ _, /** @type {number} */ at) => !isFaulty(at + 1))
        .join("\n");
      back();
      await whileBusy(submit, "Checking…", preview);
      effect.focus();
    });
    return button;
  };

  file.input.addEventListener("change", async () => {
    file.complain("");
    const [chosen] = file.input.files;
    if (!chosen) return;
    try {
      csv.input.value = await textOf(chosen, limits.bytes);
      csv.complain("");
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      file.complain(error.message);
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!areComplete([csv, campaign, reason])) return;
    await whileBusy(submit, "Checking…", preview);
    if (!problem.textContent) effect.focus();
  });
  return h("div", { class: "desk-page" }, form, effect);
}

class UnreadableError extends Error {}

/** The text of a file. @param {File} file @param {number} most bytes */
async function textOf(file, most) {
  if (file.size > most) throw new UnreadableError(`The file has ${Math.ceil(file.size / 1024)} KB, and ${most / 1024} KB is the most. Split it.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new UnreadableError("This file is no text in UTF-8. In a spreadsheet, save it as “CSV UTF-8”.");
  }
}
