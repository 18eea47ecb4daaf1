import "./site.js";
import { DELETED, deletedText } from "./account-words.js";
import { readDeletion } from "./deletion-note.js";
import { gem, h } from "./dom.js";

/** The last page of somebody who has deleted their account. */
class AccountDeleted extends HTMLElement {
  connectedCallback() {
    const deletion = readDeletion();
    const title = h("h1", { tabindex: "-1" }, DELETED.title);
    this.replaceChildren(
      h("p", { class: "slip__gem" }, gem()),
      title,
      h("p", {}, deletedText(deletion?.credits_given_up ?? 0)),
      ...(deletion?.finished === false ? [h("p", {}, DELETED.unfinished)] : []),
      h("p", { class: "actions" }, h("a", { class: "button", href: "/" }, DELETED.home)),
    );
    title.focus();
  }
}

customElements.define("account-deleted", AccountDeleted);
