import { whileBusy } from "../lib/busy-button.js";
import { h } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { formatNumber } from "../lib/texts.js";
import { postGrants } from "./api.js";
import { count, explain } from "./words.js";

/** So often an account that is in use is tried again, a second apart. */
const MOST_TRIES = 10;
const WAIT_MS = 1000;

/**
 * A button that carries a batch out to its end, and shows how far it is. After a failure it goes on with the same batch.
 * @param {{ request: Record<string, unknown>, key?: string, lines: number, label: string, isDangerous?: boolean,
 *   onBegin?: () => void, onRefused?: (error: RequestError) => void,
 *   onEnd: (batch: import("./grants.js").Batch) => Promise<void> }} about
 *   onRefused: the batch was not begun, and the same request never will be
 */
export function carryOut({ request, key, lines, label, onBegin, onRefused, onEnd }) {
  const button = h("button", { class: "button", type: "button" }, label);
  const bar = h("progress", { class: "desk-progress", max: lines, value: 0, "aria-label": "Progress", hidden: true });
  const said = h("p", { class: "desk-hint", role: "status" });
  const problem = h("p", { class: "auth__problem", role: "alert" });
  let goOn = label;

  const run = async () => {
    problem.textContent = "";
    bar.hidden = false;
    onBegin?.();
    try {
      const batch = await untilEnded(request, key, (at) => {
        goOn = `Go on: ${count(at.left, "line")} left`;
        bar.value = at.lines - at.left;
        said.textContent = `${formatNumber(at.lines - at.left)} of ${formatNumber(at.lines)} lines are done.`;
      });
      if (!batch.left) return await onEnd(batch);
      problem.textContent = `${count(batch.left, "account is", "accounts are")} in use at the moment. Go on in a minute: nobody is granted twice.`;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      problem.textContent = error.status === 0 || error.status >= 500 ? `${explain(error)} Go on: nobody is granted twice.` : explain(error);
      if (error.status === 400 || error.status === 409) onRefused?.(error);
    }
  };
  button.addEventListener("click", async () => {
    await whileBusy(button, "Granting…", run);
    if (problem.textContent) button.textContent = goOn;
  });
  return h("div", { class: "desk-run" }, problem, bar, said, h("p", { class: "actions" }, button));
}

/**
 * Repeats a request until no line is left, or until accounts stay in use.
 * @param {Record<string, unknown>} request
 * @param {string | undefined} key
 * @param {(batch: import("./grants.js").Batch) => void} onStep
 */
async function untilEnded(request, key, onStep) {
  let left = Infinity;
  for (let tries = 0; ; ) {
    const batch = await postGrants(request, key);
    onStep(batch);
    tries = batch.left < left ? 0 : tries + 1;
    left = batch.left;
    if (!left || tries >= MOST_TRIES) return batch;
    if (tries) await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}
