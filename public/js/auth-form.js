import { authProblem } from "./auth-messages.js";
import { MODES } from "./auth-modes.js";
import { gem, h } from "./dom.js";
import { formField, passwordField } from "./form-field.js";
import { session } from "./session.js";
import { t } from "./texts.js";

/** Signing in, or up, with e-mail and password. Success shows in the session; failures in words, here. */
export class AuthForm extends HTMLElement {
  /** @type {"sign-in" | "sign-up"} */
  #mode = "sign-in";
  #busy = false;
  #title = h("h2", { class: "auth__title", id: "auth-title", tabindex: "-1" });
  #invitation = h("p", { class: "auth__invitation", hidden: true });
  #problem = h("p", { class: "auth__problem", role: "alert" });
  #email = formField({ label: t("auth.email"), name: "email", type: "email", autocomplete: "username" });
  #password = passwordField({ label: t("auth.password"), name: "password" });
  #submit = h("button", { class: "button button--wide", type: "submit" });
  #other = h("span");
  #switch = h("button", { class: "link", type: "button", onclick: () => this.#show(MODES[this.#mode].next) });
  #form = h(
    "form",
    { class: "auth", novalidate: true, "aria-labelledby": "auth-title", onsubmit: this.#onSubmit.bind(this) },
    this.#title,
    this.#invitation,
    this.#problem,
    this.#email.element,
    this.#password.element,
    this.#submit,
    h("p", { class: "auth__other" }, this.#other, " ", this.#switch),
  );

  connectedCallback() {
    this.replaceChildren(this.#form);
    this.#show("sign-in");
    session.addEventListener("change", () => this.#onSession());
  }

  /** Comes into view, says why if there is a reason, and takes the keyboard. @param {...(Node | string)} reason */
  invite(...reason) {
    this.#invitation.hidden = reason.length === 0;
    this.#invitation.replaceChildren(gem(), " ", ...reason);
    this.scrollIntoView({ block: "center" });
    this.#email.input.focus({ preventScroll: true });
  }

  /** @param {string} text */
  complain(text) {
    this.#problem.textContent = text;
  }

  #onSession() {
    if (!session.user) return;
    this.#password.input.value = "";
    this.#invitation.hidden = true;
    this.replaceChildren(this.#form);
  }

  /** @param {"sign-in" | "sign-up"} mode */
  #show(mode) {
    this.#mode = mode;
    const { title, submit, other, switchTo, password } = MODES[mode];
    this.#title.textContent = title;
    this.#submit.textContent = submit;
    this.#other.textContent = other;
    this.#switch.textContent = switchTo;
    this.#password.input.setAttribute("autocomplete", password);
    this.#clear();
  }

  #clear() {
    this.complain("");
    for (const field of [this.#email, this.#password]) field.complain("");
  }

  /** @param {Event} event */
  async #onSubmit(event) {
    event.preventDefault();
    if (this.#busy) return;
    this.#clear();
    if (!this.#isComplete()) return;
    this.#setBusy(true);
    try {
      const [email, password] = [this.#email.input.value.trim(), this.#password.input.value];
      if (this.#mode === "sign-in") await session.signIn(email, password);
      else if (!(await session.signUp(email, password))) this.#askToConfirm(email);
    } catch (error) {
      this.#explain(authProblem(error));
    }
    this.#setBusy(false);
  }

  #isComplete() {
    const { validity, value } = this.#email.input;
    if (!this.#password.input.value) this.#password.complain(t("auth.enter_password"));
    if (!value.trim()) this.#email.complain(t("auth.enter_email"));
    else if (validity.typeMismatch) this.#email.complain(t("auth.not_an_email"));
    const wrong = [this.#email, this.#password].find((field) => field.isWrong);
    wrong?.input.focus();
    return !wrong;
  }

  /** @param {import("./auth-messages.js").AuthProblem} problem */
  #explain({ text, field: name }) {
    const field = name && { email: this.#email, password: this.#password }[name];
    if (!field) return this.complain(text);
    field.complain(text);
    field.input.focus();
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    const { submit, submitting } = MODES[this.#mode];
    this.#submit.textContent = busy ? submitting : submit;
    this.#submit.setAttribute("aria-busy", String(busy));
    this.#submit.setAttribute("aria-disabled", String(busy));
  }

  /** @param {string} email */
  #askToConfirm(email) {
    const title = h("h2", { class: "auth__title", tabindex: "-1" }, t("auth.check_mail"));
    const text = t("auth.check_mail.more", { email });
    const back = h("button", { class: "button button--quiet", type: "button" }, t("auth.back"));
    back.addEventListener("click", () => this.#backToSignIn());
    this.replaceChildren(h("div", { class: "auth" }, title, h("p", {}, text), back));
    title.focus();
  }

  #backToSignIn() {
    this.replaceChildren(this.#form);
    this.#show("sign-in");
    this.#password.input.focus();
  }
}

customElements.define("auth-form", AuthForm);
