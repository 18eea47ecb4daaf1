import { authProblem } from "./auth-messages.js";
import { Captcha } from "./captcha.js";
import { h } from "../lib/dom.js";
import { checks, readCode } from "../lib/field-checks.js";
import { keepAddress } from "./kept-address.js";
import { resendButton } from "./resend-button.js";
import { errandFor, waitSeconds } from "./sign-in-errands.js";
import { codeField, emailField } from "./sign-in-fields.js";
import { askForMail, takeCode } from "./sign-in-mails.js";
import { CODE_STEP, mailSent, OTHER_CODE_STEP } from "./sign-in-words.js";
import { StepForm } from "./step-form.js";
import { t } from "../lib/texts.js";

/** @typedef {"sign-up" | "sign-in" | "recovery"} MailPurpose */

/**
 * The step that takes the code of a mail, with its address: the mail may have been asked for elsewhere.
 * @param {{ purpose: MailPurpose, sentTo: string, address: string, back: string, onDone: () => void,
 *   onOther: () => void }} options
 *   sentTo: whom the mail was sent to, "" if it was not asked for here; address: what the field begins with
 */
export function codeStep({ purpose, sentTo, address: begin, back, onDone, onOther }) {
  const fields = { email: emailField(), code: codeField() };
  const captcha = new Captcha();
  fields.email.input.value = begin;
  const words = sentTo
    ? { ...CODE_STEP, lead: mailSent(purpose, sentTo) }
    : OTHER_CODE_STEP;
  const address = () => fields.email.input.value.trim();

  // Another address than the one mailed last does not have to wait.
  const wait = () => {
    const errand = errandFor(purpose);
    return errand?.email.toLowerCase() === address().toLowerCase() ? waitSeconds(errand) : 0;
  };
  const again = async () => {
    const wrong = checks.email(fields.email.input);
    fields.email.complain(wrong);
    if (wrong) return fields.email.input.focus();
    try {
      await askForMail(purpose, address(), { captcha: await captcha.token(), back });
      keepAddress(address());
      step.complain("");
      step.tell(`${t("code.resent")} ${mailSent(purpose, address())}`);
      fields.code.input.focus();
    } catch (error) {
      step.complain(authProblem(error).text);
    }
    captcha.reset();
  };
  const step = new StepForm(
    words,
    fields,
    async () => {
      keepAddress(address());
      await takeCode(purpose, address(), readCode(fields.code.input));
      onDone();
    },
    {
      extras: [captcha.element],
      below: [
        h("p", { class: "auth__other" }, resendButton(wait, again)),
        h("p", { class: "auth__other" }, sentTo && purpose !== "sign-up" ? backToSignIn() : otherMail(onOther)),
      ],
    },
  );
  captcha.begin();
  return step;
}

const backToSignIn = () => h("a", { class: "link", href: "/#sign-in" }, t("auth.back"));

/** @param {() => void} onclick */
const otherMail = (onclick) => h("button", { class: "link", type: "button", onclick }, t("code.other"));
