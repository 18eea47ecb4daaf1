import { exportAccount } from "./account-api.js";
import { accountSection } from "./account-section.js";
import { accountProblem } from "./account-words.js";
import { whileBusy } from "../lib/busy-button.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/texts.js";

const FILE_NAME = "my-data.json";
/** How long the browser may take to write the file. */
const KEPT_FOR_MS = 60_000;

/** The download of everything that is kept of a person. */
class OwnData extends HTMLElement {
  #section = accountSection({ title: t("data.title"), lead: t("data.lead") });
  #button = h("button", { class: "button button--quiet", type: "button" }, t("data.button"));

  connectedCallback() {
    this.replaceChildren(this.#section.element);
    this.#section.content.replaceChildren(this.#button);
    this.#button.addEventListener("click", () => whileBusy(this.#button, t("data.busy"), () => this.#run()));
  }

  async #run() {
    try {
      save(await exportAccount(), FILE_NAME);
      this.#section.say(t("data.done"));
    } catch (error) {
      this.#section.complain(accountProblem(error));
    }
  }
}

/** @param {unknown} data @param {string} name */
function save(data, name) {
  const blob = new Blob([JSON.stringify(data, null, 2)], { type: "application/json" });
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_FOR_MS);
}

customElements.define("own-data", OwnData);
