import { whileBusy } from "../lib/busy-button.js";
import { untilClosed } from "../lib/dialog.js";
import { h, uniqueId } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { formatChange } from "../lib/money.js";
import { formatNumber } from "../lib/texts.js";
import { ACTIONS } from "./actions.js";
import { act, preview } from "./api.js";
import { table } from "./parts.js";
import { answers, areComplete, fieldOf, reasonOf } from "./questions.js";
import { explain, KINDS } from "./words.js";

/**
 * A form of an action's own: what it asks, a view of what was written, whether all is right beyond the fields' own
 * rules (it complains at the field if not), and the fields of the request.
 * @typedef {{ inputs: import("./questions.js").Question[], view: HTMLElement, isRight(): boolean,
 *   answers(): Record<string, unknown> }} Form
 */

/**
 * Asks for what an action needs, shows what it would change, and does it once. Resolves the result, or null
 * if the person cancels.
 * @param {string} name of the action
 * @param {{ userId: string, label: string, balance: number, about?: Record<string, unknown>, what?: string }} target
 *   about: fields of the request that are known; what: the spend, hold or order in words
 * @returns {Promise<import("./api.js").Result | null>}
 * @throws {RequestError} where the form of the action could not be loaded
 */
export async function askAndAct(name, { userId, label, balance, about = {}, what }) {
  const kind = ACTIONS[name];
  const own = await kind.form?.();
  const titleId = uniqueId("act");
  const dialog = h("dialog", { class: "ask desk-ask", "aria-labelledby": titleId });
  const problem = h("p", { class: "auth__problem", role: "alert" });
  const inputs = own?.inputs ?? kind.fields.map(fieldOf);
  const reason = reasonOf(
    kind.isSeen
      ? "Kept for good. The person sees it in their history."
      : "Kept for good. Only staff see it. Write no personal data.",
  );
  const effect = h("div", { class: "desk-effect", role: "status", tabindex: "-1" });
  const cancel = h("button", { class: "button button--quiet", type: "button", onclick: () => dialog.close() }, "Cancel");
  const submit = h("button", { class: "button", type: "submit" }, "Preview");
  const change = h("button", { class: "button button--quiet", type: "button", hidden: true }, "Change");
  const questions = h("fieldset", { class: "desk-questions" }, ...inputs.map(({ element }) => element), reason.element);
  /** @type {{ request: Record<string, unknown>, key: string } | null} */
  let previewed = null;
  /** @type {import("./api.js").Result | null} */
  let done = null;

  const show = (/** @type {boolean} */ isPreviewed) => {
    questions.disabled = isPreviewed;
    change.hidden = !isPreviewed;
    submit.textContent = isPreviewed ? kind.button : "Preview";
    submit.classList.toggle("desk-danger", isPreviewed && kind.danger === true);
  };
  const back = () => {
    previewed = null;
    effect.replaceChildren();
    show(false);
    (inputs[0]?.input ?? reason.input).focus();
  };
  const run = async () => {
    problem.textContent = "";
    try {
      if (previewed) {
        done = await act(previewed.request, previewed.key);
        return dialog.close();
      }
      const shown = kind.ignoresBalance ? {} : { balance };
      const answered = own ? own.answers() : answers(inputs);
      const request = { action: name, user_id: userId, ...shown, ...about, ...answered, reason: reason.input.value.trim() };
      const found = await preview(request);
      effect.replaceChildren(...inWords(found, kind.sentence?.(found.details)));
      // One key for each thing that was agreed to, so that a second try after a silence does it once.
      previewed = { request: { ...request, ...kind.agreed?.(found.details) }, key: crypto.randomUUID() };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      problem.textContent = explain(error);
      if (error.code === "balance_changed") {
        balance = Number(error.details.balance);
        back();
      } else if (error.code === "quote_changed") {
        back();
      }
    }
  };
  const form = h(
    "form",
    { novalidate: true },
    h("h2", { id: titleId }, kind.title),
    h("p", { class: "desk-ask__who" }, label),
    what ? h("p", {}, what) : null,
    kind.warning ? h("p", {}, kind.warning) : null,
    problem,
    questions,
    own?.view,
    effect,
    h("p", { class: "actions" }, cancel, change, submit),
  );
  change.addEventListener("click", back);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!previewed && !(areComplete([...inputs, reason]) && (own?.isRight() ?? true))) return;
    await whileBusy(submit, previewed ? "Working…" : "Checking…", run);
    show(previewed !== null);
    if (previewed && !done && !problem.textContent) effect.focus();
  });
  dialog.append(form);
  await untilClosed(dialog);
  return done;
}

/**
 * What an action would change, in words and tables.
 * @param {import("./api.js").Result} result
 * @param {string} [sentence] about it
 */
function inWords({ accounts, ledger }, sentence) {
  const moved = accounts.filter(({ before, after }) => before.balance !== after.balance || before.held !== after.held);
  if (!moved.length && !ledger.length)
    return [...(sentence ? [h("p", {}, sentence)] : []), h("p", {}, "The ledger does not change.")];
  const arrow = (/** @type {number} */ from, /** @type {number} */ to) =>
    from === to ? formatNumber(from) : `${formatNumber(from)} → ${formatNumber(to)}`;
  return [
    h("h3", {}, "This will happen"),
    sentence ? h("p", {}, sentence) : null,
    table({
      caption: "Balances before and after",
      columns: ["Account", { label: "Balance", numeric: true }, { label: "Held", numeric: true }, { label: "Free", numeric: true }],
      rows: accounts.map(({ user_id: id, before, after }, at) => [
        at === 0 ? "This person" : `${id.slice(0, 8)}…`,
        arrow(before.balance, after.balance),
        arrow(before.held, after.held),
        arrow(before.available, after.available),
      ]),
    }),
    ledger.length > 0 &&
      table({
        caption: "New ledger rows",
        columns: ["Ledger row", { label: "Credits", numeric: true }, { label: "Balance after", numeric: true }],
        rows: ledger.map((row) => [KINDS[row.kind] ?? row.kind, formatChange(row.amount), formatNumber(row.balance_after)]),
      }),
  ].filter((node) => node instanceof Node);
}
