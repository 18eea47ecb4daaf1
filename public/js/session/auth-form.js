import "./auth-providers.js";
import * as auth from "./auth-client.js";
import { authProblem } from "./auth-messages.js";
import { MODES } from "./auth-modes.js";
import { passwordMinLength } from "./auth-settings.js";
import { Captcha } from "./captcha.js";
import { gem, h } from "../lib/dom.js";
import { checks } from "../lib/field-checks.js";
import { passwordField } from "../lib/form-field.js";
import { keepAddress, keptAddress } from "./kept-address.js";
import { session } from "./session.js";
import { emailField } from "./sign-in-fields.js";
import { openAccount } from "./sign-in-mails.js";
import { t } from "../lib/texts.js";

/**
 * Signing in, or up, with e-mail and password, and the ways to sign in without. Success shows in the
 * session; failures in words, here.
 */
export class AuthForm extends HTMLElement {
  /** @type {"sign-in" | "sign-up"} */
  #mode = "sign-in";
  #busy = false;
  #title = h("h2", { class: "auth__title", id: "auth-title", tabindex: "-1" });
  #invitation = h("p", { class: "auth__invitation", hidden: true });
  #problem = h("p", { class: "auth__problem", role: "alert" });
  #email = emailField();
  #password = passwordField({ label: t("auth.password"), name: "password" });
  #captcha = new Captcha();
  /** @type {number | null} */
  #fewest = null;
  #submit = h("button", { class: "button button--wide", type: "submit" });
  #other = h("span");
  #switch = h("button", { class: "link", type: "button", onclick: () => this.#show(MODES[this.#mode].next) });
  #forgot = h("a", { class: "link" }, t("auth.forgot"));
  #byMail = h("a", { class: "link" }, t("auth.by_mail"));
  #ways = h("p", { class: "auth__ways" }, this.#forgot, this.#byMail);
  #form = h(
    "form",
    { class: "auth", novalidate: true, "aria-labelledby": "auth-title", onsubmit: this.#onSubmit.bind(this) },
    this.#title,
    this.#invitation,
    this.#problem,
    this.#email.element,
    this.#password.element,
    this.#captcha.element,
    this.#submit,
    this.#ways,
    h("auth-providers"),
    h("p", { class: "auth__other" }, this.#other, " ", this.#switch),
  );

  connectedCallback() {
    this.replaceChildren(this.#form);
    this.#show("sign-in");
    this.#email.input.value = keptAddress();
    this.#email.input.addEventListener("input", () => keepAddress(this.#email.input.value));
    this.#forgot.href = withWayBack("/sign-in/reset");
    this.#byMail.href = withWayBack("/sign-in/mail");
    session.addEventListener("change", () => this.#onSession());
    this.#onSession();
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

  /** Made when somebody has just been signed out, it says why, too. */
  #onSession() {
    this.#password.input.value = "";
    if (session.user) {
      this.#invitation.hidden = true;
      return;
    }
    this.#email.input.value = keptAddress();
    if (session.reason === "expired") this.complain(t("auth.error.signed_out"));
    if (session.reason === "deleted") this.complain(t("auth.account_deleted"));
    this.#prepare();
  }

  /** Loads the rules and the CAPTCHA; not needed while somebody is signed in. */
  async #prepare() {
    this.#captcha.begin();
    this.#fewest = await passwordMinLength().catch(() => null);
    this.#showRule();
  }

  #showRule() {
    const isNew = this.#mode === "sign-up" && this.#fewest;
    this.#password.hint(isNew ? t("auth.password_rule", { n: isNew }) : "");
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
    this.#ways.hidden = mode === "sign-up";
    this.#showRule();
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
      keepAddress(email);
      const captcha = await this.#captcha.token();
      if (this.#mode === "sign-in") session.begin(await auth.signIn(email, password, captcha));
      else if (!(await openAccount(email, password, { captcha, back: wayBack() })))
        location.assign(withWayBack("/sign-in/mail"));
    } catch (error) {
      this.#explain(authProblem(error));
    }
    this.#captcha.reset();
    this.#setBusy(false);
  }

  #isComplete() {
    const isNew = this.#mode === "sign-up";
    const check = isNew ? checks.newPassword(this.#fewest) : checks.password;
    this.#password.complain(check(this.#password.input));
    this.#email.complain(this.#email.check(this.#email.input));
    const wrong = [this.#email, this.#password].find((field) => field.isWrong);
    wrong?.input.focus();
    return !wrong;
  }

  /** @param {import("./auth-messages.js").AuthProblem} problem */
  #explain({ text, field: name }) {
    /** @type {Record<string, import("../lib/form-field.js").Field>} */
    const fields = { email: this.#email, password: this.#password };
    const field = name && fields[name];
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
}

/** This page, to come back to. */
const wayBack = () => location.pathname + location.search;

/** A page for signing in that leads back to this one. @param {string} page */
const withWayBack = (page) =>
  wayBack() === "/" ? page : `${page}?${new URLSearchParams({ back: wayBack() })}`;

customElements.define("auth-form", AuthForm);
