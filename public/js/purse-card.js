import { loadCatalogue } from "./catalogue.js";
import { openStore } from "./checkout.js";
import { gem, h, spoken } from "./dom.js";
import { formatCredits } from "./money.js";
import { wallet } from "./wallet.js";

/** The balance, large: what is there, what is set aside, what it is good for. */
class PurseCard extends HTMLElement {
  #amount = h("span", { class: "purse__amount" });
  #note = h("p", { class: "purse__note" });

  connectedCallback() {
    this.replaceChildren(
      h("h1", { class: "purse__title", tabindex: "-1" }, "Your balance"),
      h("p", { class: "purse__balance" }, gem(), this.#amount, spoken(" credits")),
      this.#note,
      h(
        "button",
        { class: "button button--gold", type: "button", onclick: () => openStore() },
        "Buy credits",
      ),
    );
    wallet.addEventListener("change", () => this.#render());
    this.#render();
  }

  async #render() {
    const { balance, held, status } = wallet;
    this.dataset.state = balance === null ? status : "ready";
    this.#amount.textContent = balance === null ? "–" : formatCredits(balance);
    this.#note.textContent = balance === null ? "" : note(balance, held, await cheapestFeature());
  }
}

/** @param {number} balance @param {number} held @param {import("./catalogue.js").Feature | null} feature */
function note(balance, held, feature) {
  if (balance < 0)
    return "A refund took back credits that were already used. Your next pack evens that out first.";
  if (balance === 0) return "Nothing in it yet. Pick a pack to fill it.";
  if (held > 0) return `${formatCredits(held)} of them are set aside for work under way.`;
  const times = feature ? Math.floor(balance / feature.credits) : 0;
  return times > 0 ? `Enough for ${formatCredits(times)} × ${feature?.name.toLowerCase()}.` : "";
}

/** Nice to know, so its absence is no error. */
async function cheapestFeature() {
  const { features } = await loadCatalogue().catch(() => ({ features: [] }));
  return features.toSorted((a, b) => a.credits - b.credits)[0] ?? null;
}

customElements.define("purse-card", PurseCard);
