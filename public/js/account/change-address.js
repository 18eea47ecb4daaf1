import { atAuth } from "../session/auth-actions.js";
import { accountSection } from "./account-section.js";
import * as auth from "../session/auth-client.js";
import { authProblem } from "../session/auth-messages.js";
import { h } from "../lib/dom.js";
import { checks, readCode } from "../lib/field-checks.js";
import { RequestError } from "../lib/http.js";
import { notice } from "../lib/notice.js";
import { resendButton } from "../session/resend-button.js";
import { session } from "../session/session.js";
import { errandFor, waitSeconds } from "../session/sign-in-errands.js";
import { codeField, emailField } from "../session/sign-in-fields.js";
import { errandOptions, takeCode } from "../session/sign-in-mails.js";
import { StepForm } from "../session/step-form.js";
import { parts, t } from "../lib/texts.js";

/** The address one signs in with, and the way to another: the new address confirms it, and mostly the old one, too. */
export class ChangeAddress extends HTMLElement {
  #section = accountSection({ title: t("address.title") });

  connectedCallback() {
    this.replaceChildren(this.#section.element);
    session.addEventListener("change", () => this.load());
    this.load();
  }

  /** Shows how things stand at Supabase Auth: another device may have changed the address. */
  async load() {
    const { user } = session;
    if (!user) return this.#section.content.replaceChildren();
    this.#show(presentAddress(user.email));
    try {
      const { email, new_email: wanted } = await atAuth((token) => auth.getUser(token));
      session.rename(email);
      if (wanted) this.#askForCodes(email, wanted);
      else this.#askForAddress(email);
    } catch (error) {
      if (!session.user) return;
      const text = error.status ? authProblem(error).text : t("address.unknown");
      this.#show(notice(text, { action: { label: t("try_again"), run: () => this.load() } }));
    }
  }

  /** @param {string} text */
  say(text) {
    this.#section.say(text);
  }

  /** @param {string} text */
  complain(text) {
    this.#section.complain(text);
  }

  /** @param {string} present */
  #askForAddress(present) {
    const field = emailField(t("address.new"));
    field.input.setAttribute("autocomplete", "email");
    const isSame = () => field.input.value.trim().toLowerCase() === present.toLowerCase();
    field.check = (input) => checks.email(input) || (isSame() ? t("address.same") : "");
    const words = { submit: t("address.submit"), submitting: t("sending") };
    const step = new StepForm(words, { email: field }, () => this.#ask(field.input.value.trim()), {
      label: t("address.title"),
    });
    this.#show(presentAddress(present), step.element);
  }

  /** @param {string} wanted */
  async #ask(wanted) {
    const options = await errandOptions("address", { email: wanted, back: "/account" });
    let user;
    try {
      user = await atAuth((token) => auth.updateUser(token, { email: wanted }, options));
    } catch (error) {
      if (error.code !== "email_exists") throw error;
      throw new RequestError({ status: error.status, code: "address_taken" });
    }
    this.say("");
    if (user.new_email) {
      this.#askForCodes(user.email, user.new_email);
      this.#section.heading.focus();
    } else this.#finish(user.email);
  }

  /** @param {string} present @param {string} wanted */
  #askForCodes(present, wanted) {
    /** The field of each address' code. @type {Map<string, import("../session/step-form.js").CheckedField>} */
    const codes = new Map([present, wanted].map((email) => [email, codeField(t("address.code", { email }))]));
    const filled = () => [...codes].filter(([, { input }]) => readCode(input));
    for (const field of codes.values())
      field.check = (input) => {
        if (!filled().length) return field === codes.get(wanted) ? t("address.no_code") : "";
        return readCode(input) ? checks.code(input) : "";
      };
    const [ofPresent, ofWanted] = codes.values();
    const words = {
      lead: t("address.pending.more", { present, wanted }),
      submit: t("address.confirm"),
      submitting: t("checking"),
    };
    const confirm = async () => {
      for (const [email, field] of filled()) {
        try {
          const isDone = await takeCode("address", email, readCode(field.input));
          if (isDone) return this.#finish(wanted);
        } catch (error) {
          return this.#explain(field, error);
        }
        field.input.value = "";
        field.element.hidden = true;
      }
      this.say(t("address.half"));
    };
    const again = () =>
      this.#ask(wanted).then(
        () => this.say(t("address.resent")),
        (error) => this.complain(authProblem(error).text),
      );
    const another = h("button", { class: "link", type: "button" }, t("address.another"));
    another.addEventListener("click", () => this.#askForAddress(present));
    const step = new StepForm(words, { ofPresent, ofWanted }, confirm, {
      label: t("address.pending"),
      below: [
        h(
          "p",
          { class: "auth__ways" },
          resendButton(() => waitSeconds(errandFor("address")), again),
          another,
        ),
      ],
    });
    this.#show(step.element);
  }

  /** @param {import("../session/step-form.js").CheckedField} field @param {RequestError} error */
  #explain(field, error) {
    const { text, field: name } = authProblem(error);
    if (name !== "code") return this.complain(text);
    field.complain(text);
    field.input.focus();
  }

  /** @param {string} email */
  #finish(email) {
    session.rename(email);
    this.#askForAddress(email);
    this.say(t("address.changed", { email }));
    this.#section.heading.focus();
  }

  /** @param {...Element} content */
  #show(...content) {
    this.#section.content.replaceChildren(...content);
  }
}

/** @param {string} email */
const presentAddress = (email) => h("p", {}, ...parts("address.present", { email: h("strong", {}, email) }));

customElements.define("change-address", ChangeAddress);
