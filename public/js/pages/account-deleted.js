import "./site.js";
import { deletedSentences } from "../account/account-words.js";
import { readDeletion } from "../account/deletion-note.js";
import { gem, h } from "../lib/dom.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/** The last page of somebody who has deleted their account. */
class AccountDeleted extends HTMLElement {
  connectedCallback() {
    // Somebody who is signed in has an account.
    if (session.user) return location.replace("/");
    const title = h("h1", { tabindex: "-1" }, t("deleted.title"));
    this.replaceChildren(
      h("p", { class: "slip__gem" }, gem()),
      title,
      h("p", {}, deletedSentences(readDeletion()).join(" ")),
      h("p", { class: "actions" }, h("a", { class: "button", href: "/" }, t("not_found.home"))),
    );
    title.focus();
  }
}

customElements.define("account-deleted", AccountDeleted);
