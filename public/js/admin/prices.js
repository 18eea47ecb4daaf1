import { h } from "../dom.js";
import { formatMoney } from "../money.js";
import { formatNumber } from "../texts.js";
import { readPrices } from "./api.js";
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
    return [
      section("Packs", packs(prices.packs, button), addition(button("set_pack"))),
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

/** @param {any[]} rows @param {(action: "set_pack", row: any) => HTMLElement | null} button */
function packs(rows, button) {
  return table({
    caption: "Packs, as the store orders them",
    columns: ["Pack", "Id", { label: "Credits", numeric: true }, { label: "Price", numeric: true }, "Valid", "State", ""],
    rows: rows.map((row) => [
      row.name,
      code(row.id),
      formatNumber(row.credits),
      formatMoney(row.unit_amount, row.currency, row.decimals),
      row.valid_days ? `${formatNumber(row.valid_days)} days` : "no limit",
      state(row.active, "on sale"),
      button("set_pack", row),
    ]),
  });
}

/** @param {any[]} rows @param {(action: "set_feature", row: any) => HTMLElement | null} button */
function features(rows, button) {
  return table({
    caption: "Features and their prices",
    columns: ["Feature", "Id", { label: "One use", numeric: true }, "State", ""],
    rows: rows.map((row) => [row.name, code(row.id), credits(row.credits), state(row.active, "on"), button("set_feature", row)]),
  });
}
