import { h } from "./dom.js";
import { CODE_STEP, resendIn } from "./sign-in-words.js";

/**
 * Asks for the mail once more. While the address has to wait, the button says for how long.
 * @param {() => number} waitSeconds how long the address still has to wait
 * @param {() => Promise<void>} run throws nothing
 */
export function resendButton(waitSeconds, run) {
  const button = h("button", { class: "link", type: "button" }, CODE_STEP.resend);
  let busy = false;
  const show = () => {
    const left = waitSeconds();
    button.textContent = busy ? CODE_STEP.resending : left > 0 ? resendIn(left) : CODE_STEP.resend;
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
