import { h } from "../lib/dom.js";
import { t } from "../lib/texts.js";

/**
 * Asks for the mail once more. While the address has to wait, the button says for how long.
 * @param {() => number} waitSeconds how long the address still has to wait
 * @param {() => Promise<void>} run throws nothing
 */
export function resendButton(waitSeconds, run) {
  const button = h("button", { class: "link", type: "button" }, t("code.resend"));
  let busy = false;
  const show = () => {
    const left = waitSeconds();
    button.textContent = busy ? t("sending") : left > 0 ? t("countdown", { label: t("code.resend"), n: left }) : t("code.resend");
    button.toggleAttribute("disabled", left > 0);
    if (!button.isConnected) clearInterval(timer);
  };
  button.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    show();
    await run();
    busy = false;
    show();
  });
  const timer = setInterval(show, 500);
  queueMicrotask(show);
  return button;
}
