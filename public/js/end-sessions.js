import { signOutEverywhere } from "./account-actions.js";
import { accountSection, whileBusy } from "./account-section.js";
import { SESSIONS } from "./account-words.js";
import { askFirst } from "./confirm-dialog.js";
import { h } from "./dom.js";

/** Signing out on every device. */
class EndSessions extends HTMLElement {
  #section = accountSection(SESSIONS);
  #button = h("button", { class: "button button--quiet", type: "button" }, SESSIONS.button);

  connectedCallback() {
    this.replaceChildren(this.#section.element);
    this.#section.content.replaceChildren(this.#button);
    this.#button.addEventListener("click", () => this.#run());
  }

  async #run() {
    if (!(await askFirst(SESSIONS.question))) return;
    await whileBusy(this.#button, SESSIONS.button, () =>
      signOutEverywhere().then(
        () => this.#sayDone(),
        () => this.#section.complain(SESSIONS.problem),
      ),
    );
  }

  /** Said by the page: this section is for those who are signed in. */
  #sayDone() {
    this.dispatchEvent(new CustomEvent("account:said", { bubbles: true, detail: SESSIONS.done }));
  }
}

customElements.define("end-sessions", EndSessions);
