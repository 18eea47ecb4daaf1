import { balanceChart, charted } from "../js/credits/balance-chart.js";
import { DayList } from "../js/credits/day-list.js";
import { Entries } from "../js/credits/entries.js";
import { isActive, NONE } from "../js/credits/filter.js";
import { addressed, keepInAddress } from "../js/credits/history-address.js";
import { csvButton } from "../js/credits/history-csv.js";
import { HistoryTools } from "../js/credits/history-tools.js";
import { CHART_DAYS, wallet } from "../js/credits/wallet.js";
import { h } from "../js/lib/dom.js";
import { notice } from "../js/lib/notice.js";
import { isOwnPage } from "../js/lib/own-page.js";
import { readingProblem } from "../js/lib/problems.js";
import { ShadowElement } from "../js/lib/shadow-element.js";
import { t } from "../js/lib/texts.js";
import { followPerson } from "../js/session/follow-person.js";
import { person } from "../js/session/person.js";
import dialog from "../js/sheets/confirm-dialog.js";
import styles from "../js/sheets/credit-history.js";
import entryStyles from "../js/sheets/history-entries.js";
import { loadCatalogue } from "../js/store/catalogue.js";
import { showStore } from "../js/store/show-store.js";

const SKELETONS = 6;

/** Every movement of credits by day, newest first, and payments that are under way or failed. */
class CreditHistory extends ShadowElement {
  static sheets = [dialog, styles, entryStyles];

  #entries = new Entries();
  #days = new DayList(() => showStore(this));
  #status = h("div", { class: "status" });
  #waiting = waiting();
  #chart = h("div", { class: "chart-place" });
  #csvStatus = h("div", { class: "status" });
  #tools = new HistoryTools(
    (filter, { isTyping }) => this.#choose(filter, isTyping),
    csvButton((message) => say(this.#csvStatus, message)),
  );
  #announcement = h("p", { class: "visually-hidden", role: "status" });
  #more = h(
    "button",
    { class: "button button--quiet", type: "button", part: "more", onclick: () => this.#loadMore() },
    t("show_earlier"),
  );
  #moreStatus = h("div", { class: "status" });
  #place = h("div", { class: "history", part: "history" });
  /** What the chart was drawn from. */
  #drawn = "";

  connectedCallback() {
    this.#place.replaceChildren(
      this.#chart,
      this.#tools.element,
      this.#csvStatus,
      this.#status,
      this.#announcement,
      this.#days.element,
      this.#moreStatus,
      this.#more,
    );
    this.shadow.replaceChildren(this.#place);
    this.listen(this.#entries, "change", () => this.#render());
    this.listen(wallet, "change", () => this.#entries.follow());
    followPerson(this, (hasLeft) => this.#onPerson(hasLeft));
    if (isOwnPage) this.listen(window, "popstate", () => this.#entries.choose(addressed()));
    this.#learnFeatures();
    this.#entries.choose(addressed());
    this.#render();
  }

  /** What the address asks for waits until somebody has signed in; the next person begins without. @param {boolean} hasLeft */
  #onPerson(hasLeft) {
    if (!hasLeft) return void this.#entries.retry();
    for (const dialog of this.shadow.querySelectorAll("dialog")) dialog.close();
    this.#tools.reset();
    this.#choose(NONE, true);
  }

  #render() {
    const { status, transactions, nextCursor, payments, filter, isBusy, isFiltered } = this.#entries;
    // Before it is known who is there, somebody probably is.
    const isIn = person.id !== null || !person.isKnown;
    const isEmpty = !transactions.length && !payments.length;
    const isNew = isIn && status === "ready" && isEmpty && !isFiltered && !isBusy && !isActive(filter);
    const isLoading = isIn && status === "loading";
    const hasList = isIn && status === "ready" && !isNew;
    this.#tools.show(filter);
    this.#tools.learn(used(transactions));
    this.#tools.element.hidden = !hasList;
    this.#renderChart(hasList);
    this.#place.setAttribute("aria-busy", String(isLoading || (isIn && isBusy)));
    if (isLoading) this.#place.prepend(this.#waiting);
    else this.#waiting.remove();
    if (hasList) this.#days.show(transactions, payments, nextCursor === null);
    else this.#days.clear();
    this.#more.hidden = !hasList || nextCursor === null;
    say(this.#status, this.#message({ isIn, isNew, isEmpty }));
    this.#announce();
  }

  /** What there is to say instead of entries, or about their failing. @param {Record<string, boolean>} state */
  #message({ isIn, isNew, isEmpty }) {
    const { error, isFiltered, isBusy, nextCursor } = this.#entries;
    if (!isIn) return h("p", { class: "history__empty" }, t("history.signed_out"));
    if (error) {
      const text = `${readingProblem(error)} ${t("reading.credits_safe")}`;
      return notice(text, { action: { label: t("try_again"), run: () => this.#entries.retry() } });
    }
    if (isNew) return empty(t("history.empty"), t("history.visit_store"), () => showStore(this));
    if (isFiltered && isEmpty && !isBusy)
      return empty(t(nextCursor ? "history.none_yet" : "history.none"), t("history.clear"), () => this.#clear());
    return null;
  }

  /** How many entries a filter leaves, for those who listen. */
  #announce() {
    const { transactions, payments, nextCursor, isFiltered, isBusy } = this.#entries;
    const n = transactions.length + payments.length;
    if (isBusy) return;
    const found = nextCursor ? "history.found.more" : "history.found";
    const text = isFiltered && n ? t(found, { n }) : "";
    if (this.#announcement.textContent !== text) this.#announcement.textContent = text;
  }

  /** @param {boolean} hasList */
  #renderChart(hasList) {
    const { balances } = wallet;
    const days = hasList && balances ? charted(balances.slice(-CHART_DAYS)) : [];
    const key = JSON.stringify(days);
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#chart.replaceChildren(...(days.length ? [balanceChart(days)] : []));
  }

  /** @param {import("../js/credits/filter.js").Filter} filter @param {boolean} isTyping */
  #choose(filter, isTyping) {
    keepInAddress(filter, { isStep: !isTyping });
    this.#entries.choose(filter);
  }

  #clear() {
    this.#choose(NONE, false);
    this.#tools.focus();
  }

  async #loadMore() {
    if (this.#more.getAttribute("aria-busy") === "true") return;
    this.#more.setAttribute("aria-busy", "true");
    say(this.#moreStatus, null);
    const known = this.#entries.transactions.length;
    try {
      await this.#entries.loadMore();
      // The reader goes on where the new page begins, also when the button is gone with the last one.
      const next = this.#entries.transactions[known];
      if (next) this.#days.focus(next);
    } catch (error) {
      const action = { label: t("try_again"), run: () => this.#loadMore() };
      say(this.#moreStatus, notice(readingProblem(error), { action }));
    }
    this.#more.setAttribute("aria-busy", "false");
  }

  /** Those on sale are known before one was used. Without an answer the used ones are enough. */
  async #learnFeatures() {
    const { features } = await loadCatalogue().catch(() => ({ features: [] }));
    this.#tools.learn(features.map(({ id, name }) => [id, name]));
  }
}

/** @param {import("../js/credits/wallet.js").Transaction[]} transactions @returns {[string, string][]} */
const used = (transactions) =>
  transactions.flatMap(({ feature, feature_name: name }) => (feature && name ? [[feature, name]] : []));

/** @param {HTMLElement} place @param {Node | null} message */
const say = (place, message) => place.replaceChildren(...(message ? [message] : []));

/** As high as most histories are. What takes its place is new, so that nothing moves that was there. */
const waiting = () =>
  h(
    "div",
    { class: "waiting", "aria-hidden": "true" },
    h("div", { class: "waiting__chart" }),
    h("div", { class: "waiting__tools" }),
    h(
      "div",
      { class: "waiting__days" },
      ...Array.from({ length: SKELETONS }, () => h("div", { class: "line entry--skeleton" })),
    ),
  );

/** @param {string} text @param {string} label @param {() => void} run */
const empty = (text, label, run) =>
  h(
    "div",
    { class: "history__empty" },
    h("p", {}, text),
    h("button", { class: "button button--quiet", type: "button", onclick: run }, label),
  );

customElements.define("credit-history", CreditHistory);
