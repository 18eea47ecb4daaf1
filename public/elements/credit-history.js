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
import { person } from "../js/session/person.js";
import dialog from "../js/sheets/confirm-dialog.js";
import styles from "../js/sheets/credit-history.js";
import { loadCatalogue } from "../js/store/catalogue.js";
import { showStore } from "../js/store/show-store.js";

/** Every movement of credits by day, newest first, and payments that are under way or failed. */
class CreditHistory extends ShadowElement {
  static sheets = [dialog, styles];

  #entries = new Entries();
  #days = new DayList(() => showStore(this));
  #status = h("div", { class: "status" });
  #chart = h("div", { class: "chart-place" });
  #csvStatus = h("div", { class: "status" });
  #tools = new HistoryTools(
    NONE,
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
  /** What the chart was drawn from. */
  #drawn = "";

  connectedCallback() {
    this.shadow.replaceChildren(
      h(
        "div",
        { class: "history", part: "history" },
        this.#chart,
        this.#tools.element,
        this.#csvStatus,
        this.#status,
        this.#announcement,
        this.#days.element,
        this.#moreStatus,
        this.#more,
      ),
    );
    this.listen(this.#entries, "change", () => this.#render());
    this.listen(wallet, "change", () => this.#entries.follow());
    this.listen(person, "change", () => this.#choose(NONE, true));
    if (isOwnPage) this.listen(window, "popstate", () => this.#entries.choose(addressed()));
    this.#learnFeatures();
    this.#entries.choose(addressed());
    this.#render();
  }

  #render() {
    const { status, transactions, nextCursor, payments, filter, isBusy, isFiltered } = this.#entries;
    // Before it is known who is there, somebody probably is.
    const isIn = person.id !== null || !person.isKnown;
    const isEmpty = !transactions.length && !payments.length;
    const isNew = isIn && status === "ready" && isEmpty && !isFiltered && !isBusy && !isActive(filter);
    const hasList = isIn && status !== "failed" && !isNew;
    this.#tools.show(filter);
    this.#tools.learn(used(transactions));
    this.#tools.element.hidden = !hasList;
    this.#renderChart(hasList);
    this.#days.element.setAttribute("aria-busy", String(isIn && (isBusy || status === "loading")));
    if (!isIn) this.#days.clear();
    else if (status === "loading") this.#days.wait();
    else this.#days.show(transactions, payments, nextCursor === null);
    this.#more.hidden = !isIn || status !== "ready" || nextCursor === null;
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

  /** Its place is kept until it is known whether there is something to draw. @param {boolean} hasList */
  #renderChart(hasList) {
    const { balances, status } = wallet;
    this.#chart.classList.toggle("chart-place--waiting", hasList && balances === null && status === "loading");
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

/** @param {string} text @param {string} label @param {() => void} run */
const empty = (text, label, run) =>
  h(
    "div",
    { class: "history__empty" },
    h("p", {}, text),
    h("button", { class: "button button--quiet", type: "button", onclick: run }, label),
  );

customElements.define("credit-history", CreditHistory);
