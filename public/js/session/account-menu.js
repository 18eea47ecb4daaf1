import { h, spoken } from "../lib/dom.js";
import { session } from "./session.js";
import { t } from "../lib/texts.js";

/** Who is signed in, and the way out; a link to the form for everybody else. */
class AccountMenu extends HTMLElement {
  connectedCallback() {
    for (const event of ["change", "renamed"]) session.addEventListener(event, () => this.#render());
    this.#render();
  }

  #render() {
    const { user } = session;
    this.replaceChildren(
      ...(user
        ? this.#menu(user.email)
        : [h("a", { class: "button button--quiet", href: "/#sign-in" }, t("account.sign_in"))]),
    );
  }

  /** @param {string} email */
  #menu(email) {
    const signOut = h(
      "button",
      { class: "button button--quiet", type: "button", onclick: () => this.#signOut() },
      t("account.sign_out"),
    );
    const initial = h("span", { "aria-hidden": "true" }, email.charAt(0).toUpperCase());
    return [
      h(
        "button",
        { class: "account__button", type: "button", popovertarget: "account-panel" },
        initial,
        spoken(t("account")),
      ),
      h(
        "div",
        { class: "account__panel", id: "account-panel", popover: "auto" },
        h("p", { class: "account__label" }, t("account.signed_in_as")),
        h("p", { class: "account__email" }, email),
        h(
          "div",
          { class: "account__ways" },
          h("a", { class: "button button--quiet", href: "/account" }, t("account.settings")),
          signOut,
        ),
      ),
    ];
  }

  async #signOut() {
    await session.signOut();
    if (location.pathname !== "/") location.assign("/");
  }
}

customElements.define("account-menu", AccountMenu);
