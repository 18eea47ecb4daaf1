import { h, uniqueId } from "../lib/dom.js";

/**
 * A part of the account page: a heading, a sentence, a place where what happened is said, and its content.
 * @param {{ title: string, lead?: string }} words
 */
export function accountSection({ title, lead }) {
  const id = uniqueId("section");
  const said = h("p", { class: "account__said", role: "status" });
  const problem = h("p", { class: "auth__problem", role: "alert" });
  const content = h("div", { class: "account__content" });
  const heading = h("h2", { id, tabindex: "-1" }, title);
  const element = h(
    "section",
    { class: "account__section", "aria-labelledby": id },
    heading,
    lead && h("p", { class: "account__lead" }, lead),
    said,
    problem,
    content,
  );
  return {
    element,
    heading,
    content,
    /** @param {string} text */
    say(text) {
      said.textContent = text;
      problem.textContent = "";
    },
    /** @param {string} text */
    complain(text) {
      problem.textContent = text;
      said.textContent = "";
    },
  };
}
