import { gem, h, spoken } from "../lib/dom.js";
import { formatMoney, formatPercent, formatPerHundred, savingPercent } from "../lib/money.js";
import { formatNumber, t } from "../lib/texts.js";

/** @typedef {import("../lib/money.js").Offer & { name: string, missing?: string | null }} Package */

/**
 * One pack on sale.
 * @param {Package} pack
 * @param {Package[]} packs all of them, to say honestly what this one saves
 * @param {() => void} onBuy
 * @param {Node | null} [details] what else the card says
 */
export function packCard(pack, packs, onBuy, details = null) {
  const saving = savingPercent(pack, packs);
  const label = t("pack.buy", { name: pack.name });
  return h(
    "li",
    { class: "pack" },
    h("h3", { class: "pack__name" }, pack.name),
    saving > 0 && savingBadge(saving),
    h(
      "p",
      { class: "pack__credits" },
      pile(pack, packs),
      h("strong", {}, formatNumber(pack.credits)),
      ` ${t("unit.credits", { n: pack.credits })}`,
    ),
    h(
      "p",
      { class: "pack__price" },
      h("strong", {}, formatMoney(pack.unit_amount, pack.currency, pack.decimals)),
      rate(pack),
    ),
    pack.missing && h("p", { class: "pack__fallback" }, fallback(pack)),
    details,
    h(
      "button",
      { class: "button", type: "button", "data-pack": pack.id, "data-label": label, onclick: onBuy },
      label,
    ),
  );
}

/** @param {number} percent */
function savingBadge(percent) {
  const text = t("pack.save", { percent: formatPercent(percent) });
  return h("p", { class: "pack__saving" }, text, spoken(t("pack.save.more")));
}

/** @param {Package} pack */
function rate(pack) {
  const text = t("pack.per_hundred", { price: formatPerHundred(pack) });
  return h("span", { class: "pack__rate" }, text, spoken(t("spoken.credits")));
}

/** @param {Package} pack */
function fallback({ missing, currency }) {
  return t("pack.no_price", { currency: missing?.toUpperCase() ?? "", own: currency.toUpperCase() });
}

/** As many gems as the pack's rank: one for the smallest. @param {Package} pack @param {Package[]} packs */
function pile(pack, packs) {
  const smaller = packs.filter((other) => other.credits < pack.credits).length;
  const gems = Array.from({ length: Math.min(smaller + 1, 5) }, gem);
  return h("span", { class: "pack__pile", "aria-hidden": "true" }, ...gems);
}

/** What stands where the packs will be. @param {number} count */
export function packSkeletons(count) {
  return Array.from({ length: count }, () =>
    h("li", { class: "pack pack--skeleton", "aria-hidden": "true" }),
  );
}
