import { session } from "./session.js";
import { translate } from "../lib/page-texts.js";

/**
 * What a page has only for somebody who is signed in, or only for others, stands in templates. Their elements are made
 * when that view is first shown: nobody waits for what they do not see.
 */
function open() {
  const view = session.user ? "signed-in" : "signed-out";
  const templates = /** @type {NodeListOf<HTMLTemplateElement>} */ (
    document.querySelectorAll(`template[data-when="${view}"]`)
  );
  for (const template of templates) {
    translate(template.content);
    template.replaceWith(template.content);
  }
}

session.addEventListener("change", open);
open();
