import { h } from "../lib/dom.js";
import { nameOf, recall } from "./kept-work.js";
import { session } from "../session/session.js";
import { t } from "../lib/texts.js";

/**
 * The way back to work that waits in this browser for the person signed in; null if none does.
 * @param {string} key of the text that names the work
 * @param {{ atOnce?: boolean }} [options] whether the work goes on by itself there
 */
export async function waitingWork(key, { atOnce = true } = {}) {
  const works = session.user ? await recall(session.user.id) : [];
  if (!works.length) return null;
  return h("a", { class: "button", href: atOnce ? "/files#continue" : "/files" }, t(key, { name: nameOf(works) }));
}
