import { h, spoken } from "../lib/dom.js";
import { t } from "../lib/texts.js";
import { asWords } from "./entry-words.js";
import { GROUPS, isSame, LONGEST_SEARCH, NONE, searchable } from "./filter.js";

/** @typedef {import("./filter.js").Filter} Filter */
/** @typedef {(filter: Filter, options: { isTyping: boolean }) => void} Choose */

const TYPING_PAUSE_MS = 300;

/** Search, and the choice of a kind and of a feature. */
export class HistoryTools {
  #search = h("input", {
    type: "search",
    name: "q",
    maxlength: LONGEST_SEARCH,
    placeholder: t("history.search.example"),
    autocomplete: "off",
    enterkeyhint: "search",
    part: "search",
  });
  #kind = h("select", { name: "kind", part: "select" }, ...kinds());
  #feature = h("select", { name: "feature", part: "select" });
  /** Names of features by their ids. @type {Map<string, string>} */
  #features = new Map();
  #timer = 0;
  /** @type {Filter} */
  #told = NONE;

  /** @param {Choose} choose @param {...Node} more what stands beside them */
  constructor(choose, ...more) {
    const tell = (/** @type {boolean} */ isTyping) => {
      clearTimeout(this.#timer);
      if (isSame(this.#chosen, this.#told)) return;
      this.#told = this.#chosen;
      choose(this.#told, { isTyping });
    };
    this.element = h(
      "form",
      { class: "tools", role: "search", "aria-label": t("history.search.about"), part: "tools" },
      label("tools__search", t("history.search"), this.#search),
      h(
        "div",
        { class: "tools__choices" },
        label("tools__choice", t("history.kind"), this.#kind),
        label("tools__choice", t("history.feature"), this.#feature),
      ),
      ...more,
    );
    this.#search.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => tell(true), TYPING_PAUSE_MS);
    });
    this.element.addEventListener("change", () => tell(false));
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      tell(false);
    });
  }

  /** @returns {Filter} */
  get #chosen() {
    return { kind: this.#kind.value, feature: this.#feature.value, q: searchable(this.#search.value) };
  }

  /** Shows a filter that was chosen elsewhere. A search that is being typed stays. @param {Filter} filter */
  show(filter) {
    if (isSame(filter, this.#told)) return;
    clearTimeout(this.#timer);
    this.#told = filter;
    if (filter.feature && !this.#features.has(filter.feature))
      this.#features.set(filter.feature, asWords(filter.feature));
    this.#listFeatures(filter.feature);
    this.#kind.value = filter.kind;
    if (searchable(this.#search.value) !== filter.q) this.#search.value = filter.q;
  }

  /** Learns of features that can be chosen. @param {Iterable<[string, string]>} features ids and names */
  learn(features) {
    const news = [...features].filter(([id, name]) => this.#features.get(id) !== name);
    if (!news.length) return;
    for (const [id, name] of news) this.#features.set(id, name);
    this.#listFeatures(this.#feature.value);
  }

  /** Takes back all that was chosen or typed. */
  reset() {
    clearTimeout(this.#timer);
    this.#search.value = "";
    this.show(NONE);
  }

  focus() {
    this.#search.focus();
  }

  /** Without a feature there is nothing to choose. @param {string} chosen */
  #listFeatures(chosen) {
    const named = [...this.#features].sort(([, a], [, b]) => a.localeCompare(b));
    const wanted = [["", t("history.features")], ...named];
    const there = [...this.#feature.options].map(({ value, text }) => [value, text]);
    // A list that somebody has open does not change under them.
    if (JSON.stringify(there) !== JSON.stringify(wanted))
      this.#feature.replaceChildren(...wanted.map(([value, name]) => h("option", { value }, name)));
    this.#feature.value = chosen;
  }
}

const kinds = () => [
  h("option", { value: "" }, t("history.kinds")),
  ...Object.keys(GROUPS).map((group) => h("option", { value: group }, t(`history.kinds.${group}`))),
];

/** @param {string} name @param {string} text @param {Node} field */
const label = (name, text, field) => h("label", { class: name }, spoken(text), field);
