import "./site.js";
import { gem, h } from "../lib/dom.js";
import { requestJson } from "../lib/http.js";
import { t } from "../lib/texts.js";

/**
 * The page of the link in every mail but receipts. It changes nothing until the button is pressed: mail
 * programs open links to check them.
 */
class UnsubscribeForm extends HTMLElement {
  #token = new URLSearchParams(location.search).get("token") ?? "";
  #title = h("h1", { tabindex: "-1" });
  #text = h("p");
  #problem = h("p", { class: "auth__problem", role: "alert" });
  #submit = h("button", { class: "button", type: "button", onclick: () => this.#run() });
  #actions = h("p", { class: "actions" }, this.#submit);

  connectedCallback() {
    this.replaceChildren(
      h("p", { class: "slip__gem" }, gem()),
      this.#title,
      this.#text,
      this.#problem,
      this.#actions,
    );
    if (!this.#token) return this.#sayUnknown();
    this.#title.textContent = t("unsubscribe.title");
    this.#text.textContent = t("unsubscribe.more");
    this.#submit.textContent = t("unsubscribe.submit");
  }

  async #run() {
    if (this.#submit.getAttribute("aria-busy") === "true") return;
    this.#problem.textContent = "";
    this.#setBusy(true);
    try {
      const query = new URLSearchParams({ token: this.#token });
      await requestJson(`/api/unsubscribe?${query}`, { method: "POST" });
      this.#end(t("unsubscribe.done"), t("unsubscribe.done.more"));
    } catch (error) {
      if (error.status === 404) this.#sayUnknown();
      else this.#sayFailed(error);
    }
  }

  #sayUnknown() {
    this.#end(t("unsubscribe.unknown"), t("unsubscribe.unknown.more"));
  }

  /** @param {import("../lib/http.js").RequestError} error */
  #sayFailed(error) {
    this.#setBusy(false);
    this.#submit.textContent = t("try_again");
    this.#problem.textContent = t(error.code === "offline" ? "problem.offline" : "unsubscribe.failed");
  }

  /** There is nothing more to press: the keyboard goes to what happened. @param {string} title @param {string} text */
  #end(title, text) {
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#actions.replaceChildren(h("a", { class: "button button--quiet", href: "/" }, t("not_found.home")));
    this.#title.focus();
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#submit.setAttribute("aria-busy", String(busy));
    if (busy) this.#submit.textContent = t("unsubscribe.submitting");
  }
}

customElements.define("unsubscribe-form", UnsubscribeForm);
