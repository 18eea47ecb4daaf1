import { h } from "./dom.js";
import { t } from "./texts.js";

const SHOWN_SECONDS = 2;

/** A button that puts a text on the clipboard and says that it did. @param {string} text @param {string} label */
export function copyButton(text, label) {
  // No role of its own: a status within a button would leave the button without a name.
  const said = h("span", { "aria-live": "polite" }, label);
  const button = h("button", { class: "button button--quiet", type: "button" }, said);
  button.addEventListener("click", async () => {
    said.textContent = await navigator.clipboard.writeText(text).then(
      () => t("copied"),
      () => t("copy_by_hand"),
    );
    setTimeout(() => (said.textContent = label), SHOWN_SECONDS * 1000);
  });
  return button;
}
