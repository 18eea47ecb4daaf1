import { pricedIn } from "../store/buyer-currency.js";
import { whileBusy } from "../lib/busy-button.js";
import { untilClosed } from "../lib/dialog.js";
import { h, uniqueId } from "../lib/dom.js";
import { RequestError } from "../lib/http.js";
import { formatMoney } from "../lib/money.js";
import { packCard } from "../store/pack-card.js";
import { setPrice } from "./api.js";
import { asWritten, inMinorUnits, isSellable, refuse } from "./price-amounts.js";
import { areComplete, fieldOf, reasonOf } from "./questions.js";
import { explain } from "./words.js";

/** @typedef {import("./questions.js").Question} Question */
/** @typedef {import("../store/catalogue.js").Price} Price */
/** @typedef {{ currency: Question, price: Question, element: HTMLElement }} Row */

/**
 * Changes the prices of a pack in currencies beside its own. Each is shown on the card of the store while it is
 * written. Resolves whether they were saved.
 * @param {any} prices as GET /api/admin/prices answers
 * @param {any} pack
 * @returns {Promise<boolean>}
 */
export async function changeFurtherPrices(prices, pack) {
  const titleId = uniqueId("prices");
  const dialog = h("dialog", { class: "ask desk-ask", "aria-labelledby": titleId });
  const problem = h("p", { class: "auth__problem", role: "alert" });
  const shown = furtherPrices(prices, pack.id);
  const reason = reasonOf("Kept for good. Only staff see it.");
  const list = h("div", { class: "desk-prices" });
  const cards = h("div", { class: "desk-card-preview" });
  const cancel = h("button", { class: "button button--quiet", type: "button", onclick: () => dialog.close() }, "Cancel");
  const submit = h("button", { class: "button", type: "submit" }, "Save");
  const add = h("button", { class: "button button--quiet", type: "button", onclick: () => addRow().currency.input.focus() }, "Add a currency");
  /** @type {Row[]} */
  let rows = [];
  /** One key for one text of the form: a second try after a silence saves once. */
  let key = crypto.randomUUID();
  let isSaved = false;

  /** @param {Price} [price] */
  const addRow = (price) => {
    const row = rowOf(price, () => {
      rows = rows.filter((each) => each !== row);
      row.element.remove();
      preview();
      add.focus();
    });
    rows.push(row);
    list.append(row.element);
    return row;
  };
  const preview = () => {
    key = crypto.randomUUID();
    cards.replaceChildren(h("h3", {}, "The cards in the store"), h("ul", { class: "packs", role: "list", inert: true }, ...previews(prices, pack, rows)));
  };
  const form = h(
    "form",
    { novalidate: true },
    h("h2", { id: titleId }, `Prices of ${pack.name}`),
    h("p", {}, `Its own price is ${formatMoney(pack.unit_amount, pack.currency, pack.decimals)}. It counts in every currency that is not listed here.`),
    problem,
    h("div", { class: "desk-questions" }, list, h("p", { class: "desk-buttons" }, add), reason.element),
    cards,
    h("p", { class: "actions" }, cancel, submit),
  );
  form.addEventListener("input", preview);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.textContent = "";
    const questions = [...rows.flatMap(({ currency, price }) => [currency, price]), reason];
    if (!areComplete(questions) || !areSellable(rows, pack, prices.currencies)) return;
    await whileBusy(submit, "Saving…", async () => {
      const values = { prices: amounts(pricesIn(rows, prices.currencies)) };
      const request = { action: "set_prices", id: pack.id, values, shown: { id: pack.id, prices: amounts(shown) } };
      try {
        await setPrice({ ...request, reason: reason.input.value.trim() }, key);
        isSaved = true;
        dialog.close();
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        problem.textContent = explain(error);
      }
    });
  });
  for (const price of shown) addRow(price);
  preview();
  dialog.append(form);
  await untilClosed(dialog);
  return isSaved;
}

/** The prices of a pack beside its own. @param {any} prices @param {string} packId @returns {Price[]} */
export const furtherPrices = (prices, packId) =>
  prices.further_prices.filter((/** @type {any} */ each) => each.package_id === packId);

/** @param {Price | undefined} price @param {() => void} remove @returns {Row} */
function rowOf(price, remove) {
  const currency = fieldOf({ name: "currency", label: "Currency", type: "text" });
  const amount = fieldOf({ name: "price", label: "Price", type: "text" });
  currency.input.maxLength = 3;
  if (price) {
    currency.input.value = price.currency;
    amount.input.value = asWritten(price.unit_amount, price.decimals);
  }
  const button = h("button", { class: "button button--quiet", type: "button", onclick: remove }, "Remove");
  if (price) button.setAttribute("aria-label", `Remove ${price.currency.toUpperCase()}`);
  return { currency, price: amount, element: h("div", { class: "desk-price" }, currency.element, amount.element, button) };
}

/** @param {Row[]} rows @param {any} pack @param {any} currencies */
function areSellable(rows, pack, currencies) {
  const seen = new Set([pack.currency]);
  for (const row of rows) {
    const currency = row.currency.input.value.trim().toLowerCase();
    if (seen.has(currency)) return refuse(row.currency, "The pack has another price in this currency.");
    if (!isSellable(row, currencies)) return false;
    seen.add(currency);
  }
  return true;
}

/** What the rows say, without those that say no price yet. @param {Row[]} rows @param {any} currencies @returns {Price[]} */
function pricesIn(rows, currencies) {
  const written = rows.map(({ currency, price }) => {
    const code = currency.input.value.trim().toLowerCase();
    const decimals = currencies[code]?.decimals;
    return { currency: code, decimals, unit_amount: inMinorUnits(price.input.value, decimals ?? 2) };
  });
  return written.filter(({ decimals, unit_amount: amount }) => decimals !== undefined && amount > 0);
}

/** @param {Price[]} prices */
const amounts = (prices) => Object.fromEntries(prices.map((each) => [each.currency, each.unit_amount]));

/** The pack's card in each of its currencies, beside the other packs in that currency. @param {any} prices @param {any} pack @param {Row[]} rows */
function previews(prices, pack, rows) {
  /** @param {Price} pack */
  const own = ({ currency, unit_amount, decimals }) => ({ currency, unit_amount, decimals });
  const offered = [own(pack), ...pricesIn(rows, prices.currencies)];
  const priced = { ...pack, prices: offered };
  const others = prices.packs
    .filter((/** @type {any} */ each) => each.active && each.id !== pack.id)
    .map((/** @type {any} */ each) => ({ ...each, prices: [own(each), ...furtherPrices(prices, each.id)] }));
  const features = prices.features.filter((/** @type {any} */ each) => each.active);
  return offered.map(({ currency }) => {
    const all = [...others, priced].map((each) => pricedIn(each, currency));
    return packCard(pricedIn(priced, currency), all, () => {}, { features });
  });
}
