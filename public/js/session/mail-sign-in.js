import { setPassword } from "./auth-actions.js";
import { takeArrival } from "./arrival.js";
import { Captcha } from "./captcha.js";
import { codeStep } from "./code-step.js";
import { h } from "../lib/dom.js";
import { intent } from "../store/intent.js";
import { keepAddress, keptAddress } from "./kept-address.js";
import { newPasswordDue } from "./new-password-due.js";
import { session } from "./session.js";
import { endErrand, errandFor, isCodeAwaited } from "./sign-in-errands.js";
import { emailField, newPasswordField } from "./sign-in-fields.js";
import { askForMail, goOn } from "./sign-in-mails.js";
import { ADDRESS_STEP, MAIL, NEW_PASSWORD } from "./sign-in-words.js";
import { StepForm } from "./step-form.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./code-step.js").MailPurpose} MailPurpose */

/**
 * Signing in by a mail: its link leads here, its code is entered here. `purpose` says what for:
 * "sign-in", which also takes the mail of a new account, or "recovery", which goes on with a new password.
 */
class MailSignIn extends HTMLElement {
  #back = new URLSearchParams(location.search).get("back") ?? "/";
  /** What to go on with after signing in. @type {import("./sign-in-mails.js").Onward | null} */
  #errand = null;

  connectedCallback() {
    // Signed in by the link, in another tab: that one goes on, and this one does not buy a second time.
    session.addEventListener("change", () => {
      if (session.reason !== "elsewhere" || !session.user) return;
      intent.forget();
      location.replace("/");
    });
    this.#begin();
  }

  get #isRecovery() {
    return this.getAttribute("purpose") === "recovery";
  }

  /** The mail that is waited for: on the page for signing in, that of a new account or of an old one. */
  #awaited() {
    if (this.#isRecovery) return errandFor("recovery");
    const both = [errandFor("sign-in"), errandFor("sign-up")].filter((errand) => errand !== null);
    return both.sort((a, b) => b.at - a.at)[0] ?? null;
  }

  async #begin() {
    const { errand, problem } = await takeArrival();
    const { user } = session;
    if (errand) return this.#signedIn(errand);
    if (this.#isRecovery && user && newPasswordDue.isFor(user.id)) return this.#signedIn(this.#awaited());
    if (!this.#isRecovery && user) return problem ? this.#sayOver() : location.replace("/");
    const awaited = this.#awaited();
    if (problem) return this.#askForAddress(t(`arrival.${problem}`));
    if (location.hash === "#code") return this.#askForCode("");
    if (awaited && isCodeAwaited(awaited)) return this.#askForCode(awaited.email);
    this.#askForAddress();
  }

  /** @param {string} [complaint] */
  #askForAddress(complaint = "") {
    const purpose = this.#isRecovery ? "recovery" : "sign-in";
    const email = emailField();
    const captcha = new Captcha();
    email.input.value = keptAddress() || this.#awaited()?.email || session.user?.email || "";
    const haveCode = h("button", { class: "link", type: "button" }, t("mail.have_code"));
    haveCode.addEventListener("click", () => {
      keepAddress(email.input.value);
      this.#askForCode("");
    });
    const step = new StepForm(
      { ...MAIL[purpose], ...ADDRESS_STEP },
      { email },
      async () => {
        const address = email.input.value.trim();
        keepAddress(address);
        try {
          await askForMail(purpose, address, { captcha: await captcha.token(), back: this.#back });
        } finally {
          captcha.reset();
        }
        this.#askForCode(address);
      },
      {
        extras: [captcha.element],
        below: [
          h("p", { class: "auth__other" }, haveCode),
          h("p", { class: "auth__other" }, h("a", { class: "link", href: "/#sign-in" }, t("auth.back"))),
        ],
      },
    );
    captcha.begin();
    this.#show(step);
    step.complain(complaint);
  }

  /** @param {string} email whom a mail was sent to; "" if it was not asked for here */
  #askForCode(email) {
    const awaited = this.#awaited();
    const purpose = awaited?.purpose ?? (this.#isRecovery ? "recovery" : "sign-in");
    const step = codeStep({
      purpose: /** @type {MailPurpose} */ (purpose),
      sentTo: email,
      address: email || keptAddress(),
      back: this.#back,
      onDone: () => this.#signedIn(awaited),
      onOther: () => this.#askForAddress(),
    });
    this.#show(step);
  }

  /** @param {import("./sign-in-errands.js").Errand | null} errand */
  #signedIn(errand) {
    // A code that was asked for elsewhere has no errand here: only the way back is known.
    const purpose = this.#isRecovery ? "recovery" : "sign-in";
    this.#errand = errand ?? { purpose, back: this.#back, packageId: null };
    if (!this.#isRecovery && this.#errand.purpose !== "recovery") return goOn(this.#errand);
    newPasswordDue.note(session.user?.id ?? "");
    if (this.#isRecovery) return this.#askForPassword();
    location.replace("/sign-in/reset");
  }

  #askForPassword() {
    const password = newPasswordField();
    const name = h("input", { type: "text", autocomplete: "username", hidden: true, readonly: true });
    name.value = session.user?.email ?? "";
    const step = new StepForm(
      NEW_PASSWORD,
      { password },
      async () => {
        const endedOthers = await setPassword({ password: password.input.value });
        newPasswordDue.forget();
        endErrand("recovery");
        this.#sayDone(
          t("new_password.done"),
          t(endedOthers ? "new_password.done.more" : "new_password.done.here_only"),
        );
      },
      // For password managers: whose password it is.
      { extras: [name] },
    );
    this.#show(step);
  }

  #sayOver() {
    this.#sayDone(MAIL["sign-in"].title, t("arrival.signed_in"));
  }

  /** @param {string} title @param {string} text */
  #sayDone(title, text) {
    const heading = h("h1", { class: "auth__title", tabindex: "-1" }, title);
    const onward = h("button", { class: "button", type: "button" }, t("go_on"));
    onward.addEventListener("click", () => goOn(this.#errand));
    this.replaceChildren(h("div", { class: "auth" }, heading, h("p", {}, text), onward));
    heading.focus();
  }

  /** @param {StepForm} step */
  #show(step) {
    this.replaceChildren(step.element);
    step.focusTitle();
  }
}

customElements.define("mail-sign-in", MailSignIn);
