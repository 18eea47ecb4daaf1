import { atAuth, setPassword } from "../session/auth-actions.js";
import { accountSection } from "./account-section.js";
import * as auth from "../session/auth-client.js";
import { checks, readCode } from "../lib/field-checks.js";
import { passwordField } from "../lib/form-field.js";
import { session } from "../session/session.js";
import { codeField, newPasswordField } from "../session/sign-in-fields.js";
import { StepForm } from "../session/step-form.js";
import { t } from "../lib/texts.js";

/** A new password. The present one, or a mailed code, is asked for only if the project demands it. */
class ChangePassword extends HTMLElement {
  #section = accountSection({ title: t("auth.password"), lead: t("password.lead") });

  connectedCallback() {
    this.replaceChildren(this.#section.element);
    session.addEventListener("change", () => this.#render());
    this.#render();
  }

  #render() {
    if (!session.user) return this.#section.content.replaceChildren();
    const current = Object.assign(
      passwordField({ label: t("password.current"), name: "current", autocomplete: "current-password" }),
      { check: checks.password },
    );
    const fields = { current, password: newPasswordField(t("new_password.label")), nonce: codeField(t("code.label")) };
    current.element.hidden = true;
    fields.nonce.element.hidden = true;
    const step = new StepForm(PASSWORD_FORM, fields, () => this.#change(fields), { label: t("auth.password") });
    this.#section.content.replaceChildren(step.element);
  }

  /** @param {Record<"current" | "password" | "nonce", import("../session/step-form.js").CheckedField>} fields */
  async #change({ current, password, nonce }) {
    this.#section.say("");
    let endedOthers;
    try {
      endedOthers = await setPassword({
        password: password.input.value,
        current_password: current.element.hidden ? undefined : current.input.value,
        nonce: nonce.element.hidden ? undefined : readCode(nonce.input),
      });
    } catch (error) {
      if (error.code === "current_password_required") current.element.hidden = false;
      if (error.code === "reauthentication_needed") {
        nonce.element.hidden = false;
        await atAuth((token) => auth.reauthenticate(token));
      }
      throw error;
    }
    this.#render();
    this.#section.say(t(endedOthers ? "password.done" : "password.done.here_only"));
    this.#section.heading.focus();
  }
}

const PASSWORD_FORM = { submit: t("password.submit"), submitting: t("password.submitting") };

customElements.define("change-password", ChangePassword);
