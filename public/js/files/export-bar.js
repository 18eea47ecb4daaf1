import { openStore } from "../store/checkout.js";
import { h } from "../lib/dom.js";
import { featureCost } from "../store/feature-cost.js";
import { mainDownload } from "./file-downloads.js";
import { EXPORT_FEATURE, MOST_EXPORTED } from "./file-kinds.js";
import { shelf } from "./file-shelf.js";
import { remedy, shortage, workProblem } from "./file-words.js";
import { exportFiles, newKey } from "./files-api.js";
import { forget, keep } from "../store/kept-work.js";
import { notice } from "../lib/notice.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";
import { wallet } from "../credits/wallet.js";

/** Puts chosen files into one ZIP: says what it costs, has it made, and offers it. */
export class ExportBar extends HTMLElement {
  /** @type {string[]} */
  #fileIds = [];
  /** The key one selection is exported under, however often it is tried. */
  #key = newKey();
  #busy = false;
  /** @type {number | null} */
  #cost = null;
  #text = h("p", { class: "export__text" });
  #message = h("div", { class: "export__message", tabindex: "-1" });
  #button = h("button", { class: "button", type: "button", onclick: () => this.#press() }, t("export.do"));

  connectedCallback() {
    this.replaceChildren(this.#message, h("div", { class: "export__bar" }, this.#text, this.#button));
    wallet.addEventListener("change", () => this.#render());
    document.addEventListener("catalogue:loaded", () => this.#learnCost());
    this.#learnCost();
  }

  /** Takes another selection. @param {string[]} fileIds @param {string} [key] one it was begun under before */
  choose(fileIds, key = newKey()) {
    this.#fileIds = fileIds;
    this.#key = key;
    this.#say(null);
    this.#render();
  }

  /** Has the export made, or sells the credits for it. */
  #press() {
    if (!this.#missing()) return this.run();
    const details = { available: wallet.available, required: this.#cost };
    this.#offerStore(session.user?.id ?? "", { details });
  }

  /** Has the export made. Where the credits do not suffice, the store opens and the selection waits. */
  async run() {
    if (this.#busy || !this.#fileIds.length || this.#isTooMany) return;
    this.#setBusy(true);
    this.#say(null);
    const userId = session.user?.id ?? "";
    try {
      const { file } = await exportFiles(this.#fileIds, this.#key);
      await forget(userId, "export");
      if (userId !== session.user?.id) return;
      shelf.put(file);
      const hadFocus = this.contains(document.activeElement);
      this.dispatchEvent(new Event("exported"));
      this.#say(outcome(file));
      if (hadFocus) this.#message.focus();
    } catch (error) {
      if (userId !== session.user?.id) return;
      if (error.status === 402) await this.#offerStore(userId, error);
      else this.#say(notice(workProblem(error), { action: { label: t("try_again"), run: () => this.run() } }));
    } finally {
      wallet.load();
      this.#setBusy(false);
    }
  }

  /** @param {string} userId @param {{ details: Record<string, unknown> }} error */
  async #offerStore(userId, error) {
    const isKept = await keep({ userId, kind: "export", key: this.#key, at: Date.now(), fileIds: this.#fileIds });
    const name = t("short.export", { n: this.#fileIds.length });
    const reason = shortage(name, error, isKept ? t("short.waits") : "");
    const open = () => openStore({ reason });
    this.#say(notice(reason, { tone: "info", action: { label: t("get_credits"), run: open } }));
    open();
  }

  async #learnCost() {
    this.#cost = await featureCost(EXPORT_FEATURE).catch(() => null);
    this.#render();
  }

  get #isTooMany() {
    return this.#fileIds.length > MOST_EXPORTED;
  }

  /** The credits that are missing for it, as far as this page knows. */
  #missing() {
    if (this.#cost === null || wallet.balance === null) return 0;
    return Math.max(this.#cost - wallet.available, 0);
  }

  #render() {
    const chosen = this.#fileIds.length;
    this.#text.replaceChildren(...(chosen ? this.#offer(chosen) : [this.#invitation()]));
    this.#button.hidden = chosen === 0 || this.#isTooMany;
    this.#label();
    this.dataset.chosen = String(chosen);
  }

  #invitation() {
    if (this.#cost === null) return t("export.invitation");
    return t("export.invitation.cost", { credits: t("credits", { n: this.#cost }) });
  }

  /** @param {number} chosen */
  #offer(chosen) {
    const what = h("strong", {}, t("export.chosen", { n: chosen }));
    if (this.#isTooMany) return [what, ` · ${t("export.too_many", { most: MOST_EXPORTED, n: chosen - MOST_EXPORTED })}`];
    if (this.#cost === null || wallet.balance === null) return [what];
    const missing = this.#missing();
    const left = wallet.available - this.#cost;
    const after = missing ? t("export.needed", { n: missing }) : t("export.leaves", { n: left });
    return [what, ` · ${t("credits", { n: this.#cost })} · ${after}`];
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    this.#label();
    this.#button.setAttribute("aria-busy", String(busy));
    this.#button.setAttribute("aria-disabled", String(busy));
  }

  #label() {
    if (this.#busy) this.#button.textContent = t("export.packing");
    else this.#button.textContent = t(this.#missing() ? "get_credits" : "export.do");
  }

  /** @param {HTMLElement | null} message */
  #say(message) {
    this.#message.replaceChildren(...(message ? [message] : []));
  }
}

/** @param {import("./files-api.js").OwnFile} file */
function outcome(file) {
  if (file.status === "failed" || file.status === "expired") return notice(remedy(file));
  const isDone = file.status === "done";
  const said = notice(t(isDone ? "export.ready" : "export.later"), { tone: "info" });
  if (isDone) said.append(mainDownload(file) ?? "");
  return said;
}

customElements.define("export-bar", ExportBar);
