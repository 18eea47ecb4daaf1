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
        : [signInLink()]),
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

/** To the form on this page, where there is one: whoever signs in there sees what the page is about. */
function signInLink() {
  const link = h("a", { class: "button button--quiet", href: "/#sign-in" }, t("account.sign_in"));
  link.addEventListener("click", (event) => {
    const form = document.querySelector("auth-form");
    // One that is not at work yet is invited by the address of the link.
    if (!form?.matches(":defined") || !form.checkVisibility()) return;
    event.preventDefault();
    /** @type {import("./auth-form.js").AuthForm} */ (form).invite();
  });
  return link;
}

customElements.define("account-menu", AccountMenu);
