import { signOutEverywhere } from "../session/auth-actions.js";
import { accountSection } from "./account-section.js";
import { whileBusy } from "../lib/busy-button.js";
import { askFirst } from "../lib/confirm-dialog.js";
import { h } from "../lib/dom.js";
import { t } from "../lib/texts.js";

/** Signing out on every device. */
class EndSessions extends HTMLElement {
  #section = accountSection({ title: t("sessions.title"), lead: t("sessions.lead") });
  #button = h("button", { class: "button button--quiet", type: "button" }, t("sessions.end"));

  connectedCallback() {
    this.replaceChildren(this.#section.element);
    this.#section.content.replaceChildren(this.#button);
    this.#button.addEventListener("click", () => this.#run());
  }

  async #run() {
    if (!(await askFirst(question()))) return;
    await whileBusy(this.#button, t("sessions.end"), () =>
      signOutEverywhere().then(
        () => this.#sayDone(),
        () => this.#section.complain(t("sessions.not_ended")),
      ),
    );
  }

  /** Said by the page: this section is for those who are signed in. */
  #sayDone() {
    this.dispatchEvent(new CustomEvent("account:said", { bubbles: true, detail: t("sessions.ended") }));
  }
}

const question = () => ({
  title: t("sessions.ask"),
  text: t("sessions.ask.more"),
  confirm: t("sessions.end"),
  cancel: t("sessions.ask.cancel"),
});

customElements.define("end-sessions", EndSessions);
