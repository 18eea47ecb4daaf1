import { openStore } from "./checkout.js";
import { time } from "./dates.js";
import { h, spoken } from "./dom.js";
import { formatChange, formatCredits } from "./money.js";
import { notice } from "./notice.js";
import { readingProblem } from "./problems.js";
import { wallet } from "./wallet.js";

/** @type {Record<string, string>} */
const KINDS = {
  purchase: "Credits bought",
  clawback: "Taken back with the money",
  giveback: "Given back with the money",
  spend: "Used",
  refund: "Given back",
  bonus: "Welcome gift",
  expiry: "Expired",
};

/** Every movement of credits, newest first, a page at a time. */
class HistoryList extends HTMLElement {
  #status = h("div", { class: "history__status" });
  #list = h("ol", { class: "history", role: "list", "aria-label": "History" });
  #more = h(
    "button",
    { class: "button button--quiet", type: "button", onclick: () => this.#loadMore() },
    "Show earlier",
  );

  connectedCallback() {
    this.replaceChildren(this.#status, this.#list, this.#more);
    wallet.addEventListener("change", () => this.#render());
    this.#render();
  }

  #render() {
    const { status, transactions, nextCursor, error } = wallet;
    this.#list.setAttribute("aria-busy", String(status === "loading"));
    this.#list.replaceChildren(...(status === "loading" ? skeletons() : transactions.map(row)));
    this.#more.hidden = nextCursor === null;
    if (error) this.#say(`${readingProblem(error)} Your credits are safe.`, () => wallet.load());
    else this.#status.replaceChildren(...(status === "ready" && !transactions.length ? [empty()] : []));
  }

  async #loadMore() {
    if (this.#more.getAttribute("aria-busy") === "true") return;
    this.#more.setAttribute("aria-busy", "true");
    const known = wallet.transactions.length;
    try {
      await wallet.loadMore();
      // The reader goes on where the new page begins, also when the button is gone with the last one.
      /** @type {HTMLElement | undefined} */ (this.#list.children[known])?.focus();
    } catch (error) {
      this.#say(readingProblem(error), () => this.#loadMore());
    }
    this.#more.setAttribute("aria-busy", "false");
  }

  /** @param {string} text @param {() => void} run */
  #say(text, run) {
    this.#status.replaceChildren(notice(text, { action: { label: "Try again", run } }));
  }
}

/** @param {import("./wallet.js").Transaction} transaction */
function row({ kind, amount, balance_after: after, description, created_at: createdAt }) {
  return h(
    "li",
    { class: "entry", "data-direction": amount < 0 ? "out" : "in", tabindex: "-1" },
    h("span", { class: "entry__what" }, description ?? inWords(kind)),
    h("span", { class: "entry__when" }, description ? `${inWords(kind)} · ` : "", time(createdAt)),
    h("span", { class: "entry__amount" }, formatChange(amount), spoken(" credits")),
    h("span", { class: "entry__after" }, "Balance ", formatCredits(after)),
  );
}

/** A kind this page has not heard of still reads as words. @param {string} kind */
function inWords(kind) {
  if (Object.hasOwn(KINDS, kind)) return KINDS[kind];
  const words = kind.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const skeletons = () =>
  Array.from({ length: 3 }, () => h("li", { class: "entry entry--skeleton", "aria-hidden": "true" }));

function empty() {
  return h(
    "div",
    { class: "history__empty" },
    h("p", {}, "No movements yet. Every credit you buy or use will be listed here."),
    h(
      "button",
      { class: "button button--quiet", type: "button", onclick: () => openStore() },
      "Visit the store",
    ),
  );
}

customElements.define("history-list", HistoryList);
