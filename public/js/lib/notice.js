import { h } from "./dom.js";
import { t } from "./texts.js";

/**
 * A message that announces itself, with at most one thing to do about it. While `waitSeconds` run, the
 * button counts down and cannot be pressed.
 * @param {string} text
 * @param {{ tone?: "problem" | "info", action?: { label: string, run: () => void, waitSeconds?: number } }} [options]
 */
export function notice(text, { tone = "problem", action } = {}) {
  const box = h("div", { class: "notice", "data-tone": tone, role: tone === "problem" ? "alert" : "status" });
  box.append(h("p", {}, text));
  if (action) {
    const button = h(
      "button",
      { class: "button button--quiet", type: "button", onclick: action.run },
      action.label,
    );
    box.append(button);
    if (action.waitSeconds) countDown(button, action.label, action.waitSeconds);
  }
  return box;
}

/** @param {HTMLElement} button @param {string} label @param {number} seconds */
function countDown(button, label, seconds) {
  const endsAt = Date.now() + seconds * 1000;
  const show = () => {
    const left = Math.ceil((endsAt - Date.now()) / 1000);
    button.toggleAttribute("disabled", left > 0);
    button.textContent = left > 0 ? t("countdown", { label, n: left }) : label;
    if (left <= 0) clearInterval(timer);
  };
  const timer = setInterval(show, 250);
  show();
}
