import { h } from "../lib/dom.js";
import { formatMoney } from "../lib/money.js";
import { formatNumber } from "../lib/texts.js";
import { readPrices } from "./api.js";
import { changeFurtherPrices, furtherPrices } from "./further-prices.js";
import { badge, code, loadInto, section, table } from "./parts.js";
import { changePrice } from "./price-dialog.js";
import { credits } from "./words.js";

/**
 * Packs and features: what they are and cost.
 * @param {{ role: string, say(text: string): void }} desk
 */
export function pricesPage(desk) {
  const place = h("div", { class: "desk-page" });
  const load = () => loadInto(place, readPrices, render);
  /** @param {any} prices */
  const render = (prices) => {
    /** @param {"set_pack" | "set_feature"} action @param {any} [row] */
    const button = (action, row) => {
      if (desk.role !== "admin") return null;
      const label = row ? "Change" : action === "set_pack" ? "Add a pack" : "Add a feature";
      const element = h("button", { class: "button button--quiet", type: "button" }, label);
      if (row) element.setAttribute("aria-label", `Change ${row.name}`);
      element.addEventListener("click", async () => {
        const changed = await changePrice(action, prices, row ?? null);
        if (!changed) return element.focus();
        await load();
        desk.say(`${changed.after.name} is saved. The store shows it within a minute; orders that have begun keep their price.`);
      });
      return element;
    };
    /** @param {any} row */
    const pricesButton = (row) => {
      if (desk.role !== "admin") return null;
      const element = h("button", { class: "button button--quiet", type: "button", "aria-label": `Prices of ${row.name}` }, "Prices");
      element.addEventListener("click", async () => {
        if (!(await changeFurtherPrices(prices, row))) return element.focus();
        await load();
        desk.say(`The prices of ${row.name} are saved. The store shows them within a minute; orders that have begun keep their price.`);
      });
      return element;
    };
    return [
      section("Packs", packs(prices, button, pricesButton), addition(button("set_pack"))),
      section("Features", features(prices.features, button), addition(button("set_feature"))),
    ];
  };
  load();
  return { title: "Prices", element: place };
}

/** @param {HTMLElement | null} button */
const addition = (button) => button && h("p", { class: "desk-buttons" }, button);

/** @param {boolean} active @param {string} on */
const state = (active, on) => (active ? badge(on, "good") : badge("off"));

/**
 * @param {any} prices
 * @param {(action: "set_pack", row: any) => HTMLElement | null} button
 * @param {(row: any) => HTMLElement | null} pricesButton
 */
function packs(prices, button, pricesButton) {
  return table({
    caption: "Packs, as the store orders them",
    columns: ["Pack", "Id", { label: "Credits", numeric: true }, { label: "Price", numeric: true }, "Further prices", "Valid", "State", ""],
    rows: prices.packs.map((/** @type {any} */ row) => [
      row.name,
      code(row.id),
      formatNumber(row.credits),
      formatMoney(row.unit_amount, row.currency, row.decimals),
      further(furtherPrices(prices, row.id)),
      row.valid_days ? `${formatNumber(row.valid_days)} days` : "no limit",
      state(row.active, "on sale"),
      h("div", { class: "desk-buttons" }, button("set_pack", row), pricesButton(row)),
    ]),
  });
}

/** @param {import("../store/catalogue.js").Price[]} prices */
const further = (prices) =>
  prices.map((each) => formatMoney(each.unit_amount, each.currency, each.decimals)).join(", ") || "none";

/** @param {any[]} rows @param {(action: "set_feature", row: any) => HTMLElement | null} button */
function features(rows, button) {
  return table({
    caption: "Features and their prices",
    columns: ["Feature", "Id", { label: "One use", numeric: true }, "State", ""],
    rows: rows.map((row) => [row.name, code(row.id), credits(row.credits), state(row.active, "on"), button("set_feature", row)]),
  });
}
