import { loadCatalogue } from "../js/store/catalogue.js";
import { openStore } from "../js/store/checkout.js";
import { day } from "../js/lib/dates.js";
import { gem, h, spoken } from "../js/lib/dom.js";
import { formatNumber, parts, t } from "../js/lib/texts.js";
import { usageChart } from "../js/credits/usage-chart.js";
import { wallet } from "../js/credits/wallet.js";
import { ShadowElement } from "../js/lib/shadow-element.js";
import styles from "../js/sheets/credit-balance.js";

/** The balance, large: what is there, what is set aside, what it is good for and how long it lasts. */
class CreditBalance extends ShadowElement {
  static sheets = [styles];

  #amount = h("span", { class: "purse__amount" });
  #note = h("p", { class: "purse__note" });
  #facts = h("div", { class: "purse__facts" });
  #low = h("p", { class: "purse__low", hidden: true }, t("purse.low"));
  #usage = h("div", { class: "purse__usage" });

  connectedCallback() {
    this.shadow.replaceChildren(
      h("h1", { class: "purse__title", tabindex: "-1" }, t("purse.title")),
      h("p", { class: "purse__balance" }, gem(), this.#amount, spoken(t("spoken.credits"))),
      this.#note,
      this.#facts,
      this.#low,
      h(
        "button",
        { class: "button button--gold", type: "button", onclick: () => openStore() },
        t("purse.buy"),
      ),
      this.#usage,
    );
    wallet.addEventListener("change", () => this.#render());
    this.#render();
  }

  /** The keyboard goes on at the heading. @param {FocusOptions} [options] */
  focus(options) {
    this.shadow.querySelector("h1")?.focus(options);
  }

  async #render() {
    const { balance, status } = wallet;
    this.dataset.state = balance === null ? status : "ready";
    this.#amount.textContent = balance === null ? "–" : formatNumber(balance);
    this.#low.hidden = !(wallet.low && balance !== null && balance > 0);
    this.#facts.replaceChildren(...facts());
    this.#usage.replaceChildren(...usage());
    this.#note.textContent = balance === null ? "" : note(balance, wallet.available, await cheapestFeature());
  }
}

/** What is not free to use for ever: set aside, or soon to expire. */
function facts() {
  const { held, nextExpiry } = wallet;
  return [
    held > 0 && h("p", {}, t("purse.held", { n: held })),
    nextExpiry && h("p", {}, ...parts("purse.expires", expiring(nextExpiry))),
  ].filter((fact) => fact instanceof Node);
}

/** @param {{ credits: number, expires_at: string }} expiry */
const expiring = ({ credits, expires_at: at }) => ({ n: credits, day: day(at) });

/** Where nothing was used there is nothing to draw. */
function usage() {
  const { usage: known } = wallet;
  return known?.daily.some(({ spent }) => spent > 0) ? [usageChart(known)] : [];
}

/** @param {number} balance @param {number} available @param {import("../js/store/catalogue.js").Feature | null} feature */
function note(balance, available, feature) {
  if (balance < 0) return t("purse.negative");
  if (balance === 0) return t("purse.empty");
  const times = feature ? Math.floor(available / feature.credits) : 0;
  return feature && times > 0 ? t("purse.enough", { n: times, feature: feature.name }) : "";
}

/** Nice to know, so its absence is no error. */
async function cheapestFeature() {
  const { features } = await loadCatalogue().catch(() => ({ features: [] }));
  return features.toSorted((a, b) => a.credits - b.credits)[0] ?? null;
}

customElements.define("credit-balance", CreditBalance);
