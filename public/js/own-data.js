import { exportAccount } from "./account-api.js";
import { accountSection, whileBusy } from "./account-section.js";
import { accountProblem, DATA } from "./account-words.js";
import { h } from "./dom.js";

/** How long the browser may take to write the file. */
const KEPT_FOR_MS = 60_000;

/** The download of everything that is kept of a person. */
class OwnData extends HTMLElement {
  #section = accountSection(DATA);
  #button = h("button", { class: "button button--quiet", type: "button" }, DATA.button);

  connectedCallback() {
    this.replaceChildren(this.#section.element);
    this.#section.content.replaceChildren(this.#button);
    this.#button.addEventListener("click", () => whileBusy(this.#button, DATA.busy, () => this.#run()));
  }

  async #run() {
    try {
      save(await exportAccount(), DATA.file);
      this.#section.say(DATA.done);
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
