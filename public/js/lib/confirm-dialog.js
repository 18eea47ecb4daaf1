import { untilClosed } from "./dialog.js";
import { h, uniqueId } from "./dom.js";

/**
 * Asks before something that cannot be undone. Resolves true only if the person presses the button that
 * does it; Escape and Cancel resolve false. The keyboard returns to where it was.
 * @param {{ title: string, text: string, confirm: string, cancel: string }} words
 * @returns {Promise<boolean>}
 */
export async function askFirst({ title, text, confirm, cancel }) {
  const [titleId, textId] = [uniqueId("ask"), uniqueId("ask")];
  const dialog = h("dialog", { class: "ask", "aria-labelledby": titleId, "aria-describedby": textId });
  const yes = h("button", { class: "button", type: "button", onclick: () => dialog.close("yes") }, confirm);
  const no = h(
    "button",
    { class: "button button--quiet", type: "button", autofocus: true, onclick: () => dialog.close() },
    cancel,
  );
  dialog.append(
    h("h2", { id: titleId }, title),
    h("p", { id: textId }, text),
    h("p", { class: "actions" }, no, yes),
  );
  await untilClosed(dialog);
  return dialog.returnValue === "yes";
}
