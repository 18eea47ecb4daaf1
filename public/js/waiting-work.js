import { h } from "./dom.js";
import { nameOf, recall } from "./kept-work.js";
import { session } from "./session.js";

/**
 * The way back to work that waits in this browser for the person signed in; null if none does.
 * @param {string} label what it says before the work's name
 * @param {{ atOnce?: boolean }} [options] whether the work goes on by itself there
 */
export async function waitingWork(label, { atOnce = true } = {}) {
  const work = session.user && (await recall(session.user.id));
  if (!work) return null;
  return h("a", { class: "button", href: atOnce ? "/files#continue" : "/files" }, `${label} ${nameOf(work)}`);
}
