import { deleteAccount, readAccount } from "./account-api.js";
import { accountSection } from "./account-section.js";
import { accountProblem, consequences } from "./account-words.js";
import { whileBusy } from "../lib/busy-button.js";
import { noteDeletion } from "./deletion-note.js";
import { h } from "../lib/dom.js";
import { formField } from "../lib/form-field.js";
import { person } from "../session/person.js";
import { session } from "../session/session.js";
import { StepForm } from "../session/step-form.js";
import { t } from "../lib/texts.js";

/** Deleting the account: what happens is said first, with today's figures; then the address is typed. */
class DeleteAccount extends HTMLElement {
  #section = accountSection({ title: t("deletion.title"), lead: t("deletion.lead") });
  #begin = h("button", { class: "button button--quiet", type: "button" }, t("deletion.begin"));

  connectedCallback() {
    this.replaceChildren(this.#section.element);
    this.#begin.addEventListener("click", () =>
      whileBusy(this.#begin, t("deletion.loading"), () => this.#tell("")),
    );
    session.addEventListener("change", () => this.#keep());
    this.#keep();
  }

  #keep() {
    this.#section.content.replaceChildren(this.#begin);
    this.#section.complain("");
  }

  /** @param {string} complaint what happened before */
  async #tell(complaint) {
    try {
      const account = await readAccount();
      this.#ask(account);
      this.#section.complain(complaint);
      this.#section.heading.focus();
    } catch (error) {
      this.#section.complain(accountProblem(error));
    }
  }

  /** @param {import("./account-api.js").Account} account */
  #ask(account) {
    const email = session.user?.email ?? "";
    const attributes = { name: "confirmation", type: "text", autocomplete: "off" };
    const isRight = (/** @type {HTMLInputElement} */ { value }) =>
      value.trim().toLowerCase() === email.toLowerCase();
    const typed = Object.assign(formField({ label: t("deletion.confirm", { email }), ...attributes }), {
      check: (/** @type {HTMLInputElement} */ input) => (isRight(input) ? "" : t("deletion.mismatch")),
    });
    const keep = h("button", { class: "button button--quiet button--wide", type: "button" }, t("deletion.cancel"));
    keep.addEventListener("click", () => {
      this.#keep();
      this.#begin.focus();
    });
    const words = { submit: t("deletion.submit"), submitting: t("deletion.submitting") };
    const step = new StepForm(words, { typed }, () => this.#delete(account), {
      label: t("deletion.title"),
      below: [keep],
    });
    this.#section.content.replaceChildren(
      h("h3", {}, t("deletion.heading")),
      h("ul", { class: "account__consequences" }, ...consequences(account).map((text) => h("li", {}, text))),
      step.element,
    );
  }

  /** @param {import("./account-api.js").Account} account as it was shown */
  async #delete({ balance, files }) {
    const { id } = person;
    try {
      const deletion = await deleteAccount(balance);
      noteDeletion({ ...deletion, files });
      person.end("deleted", id);
      location.replace("/account/deleted");
    } catch (error) {
      if (error.code === "balance_changed") return this.#tell(t("deletion.changed"));
      this.#section.complain(accountProblem(error));
    }
  }
}

customElements.define("delete-account", DeleteAccount);
