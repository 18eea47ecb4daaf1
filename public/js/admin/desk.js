import "../lib/site-brand.js";
import "../lib/site-footer.js";
import "../session/account-menu.js";
import "../session/auth-form.js";
import { h } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { notice } from "../lib/notice.js";
import { session } from "../session/session.js";
import { shop } from "../lib/shop.js";
import { readRole } from "./api.js";
import { codesPage } from "./codes.js";
import { grantsPage } from "./grants.js";
import { moneyPage } from "./money.js";
import { badge } from "./parts.js";
import { peoplePage } from "./people.js";
import { personPage } from "./person.js";
import { pricesPage } from "./prices.js";
import { todayPage } from "./today.js";
import { usePage } from "./use.js";
import { explain } from "./words.js";

/** @typedef {{ title: string, element: HTMLElement, focus?: HTMLElement | null }} Page */

const PAGES = [
  ["today", "Today"],
  ["people", "People"],
  ["money", "Money"],
  ["use", "Use"],
  ["prices", "Prices"],
  ["grants", "Grants"],
  ["codes", "Codes"],
];

/** The desk: asks which role the person signed in has, and shows the page that the address names. */
class AdminDesk extends HTMLElement {
  #role = "";
  #title = h("h1", { class: "desk-title", tabindex: "-1" }, "Desk");
  #said = h("p", { class: "desk-said", role: "status", tabindex: "-1" });
  #nav = h("nav", { class: "desk-nav", "aria-label": "Desk" });
  #view = h("div", { class: "desk-view" });

  connectedCallback() {
    // The desk has English texts only, whatever the language of the sign-in form.
    this.lang = "en";
    session.addEventListener("change", () => this.#begin());
    addEventListener("hashchange", () => this.#role && this.#show());
    this.#begin();
  }

  async #begin() {
    this.#role = "";
    this.replaceChildren();
    if (!session.user) return;
    this.replaceChildren(h("p", { class: "desk-loading", role: "status" }, "Loading…"));
    try {
      this.#role = (await readRole()).role;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // Without a session, the sign-in form is there by now.
      if (session.user) this.replaceChildren(error.status === 403 ? this.#notAllowed() : this.#failed(error));
      return;
    }
    this.replaceChildren(
      h("div", { class: "desk-head" }, this.#title, badge(this.#role), this.#nav),
      this.#said,
      this.#view,
    );
    this.#show();
  }

  #notAllowed() {
    const words = h("h1", { tabindex: "-1" }, "This desk is for staff");
    return h(
      "div",
      { class: "desk-refused" },
      words,
      h("p", {}, `${session.user?.email} has no role here. The shop's owner can give one with:`),
      h("p", {}, h("code", { class: "desk-id" }, "make admin EMAIL=…")),
      h("p", { class: "actions" }, h("a", { class: "button", href: "/" }, "Go to the start page")),
    );
  }

  /** @param {import("../lib/http.js").RequestError} error */
  #failed(error) {
    return notice(explain(error), { action: { label: "Try again", run: () => this.#begin() } });
  }

  /** Shows the page of the address's hash. */
  #show() {
    const [name, value = ""] = location.hash.slice(1).split(/=(.*)/s);
    const { title, element, focus } = this.#page(name, decode(value));
    const current = name === "person" ? "people" : PAGES.some(([each]) => each === name) ? name : "today";
    this.#nav.replaceChildren(
      ...PAGES.map(([each, label]) =>
        h("a", { href: `#${each}`, "aria-current": each === current ? "page" : null }, label),
      ),
    );
    this.#title.textContent = title;
    this.#said.textContent = "";
    shop.titlePage(`${title} · Desk`);
    this.#view.replaceChildren(element);
    (focus ?? this.#title).focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  /** @param {string} name @param {string} value @returns {Page} */
  #page(name, value) {
    if (name === "people") return peoplePage(value);
    if (name === "money") return moneyPage(value);
    if (name === "use") return usePage();
    const desk = { role: this.#role, say: (/** @type {string} */ text) => this.#say(text) };
    if (name === "prices") return pricesPage(desk);
    if (name === "grants") return grantsPage(value, desk);
    if (name === "codes") return codesPage(desk);
    if (name === "person") return personPage(value, desk);
    return todayPage();
  }

  /** Says what was done. The keyboard's place was in what is shown anew by now. @param {string} text */
  #say(text) {
    this.#said.textContent = text;
    this.#said.focus();
  }
}

/** A hash that a person wrote may not be one of ours. @param {string} value */
function decode(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

customElements.define("admin-desk", AdminDesk);
