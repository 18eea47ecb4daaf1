import { gem, h, spoken } from "../lib/dom.js";
import { formatMoney, formatPercent, formatPerHundred, savingPercent } from "../lib/money.js";
import { once } from "../lib/once.js";
import { formatNumber, locale, t } from "../lib/texts.js";
import { afterwards, isBestValue, usesOf } from "./pack-worth.js";
import { useInWords } from "./use-words.js";

/** @typedef {import("../lib/money.js").Offer & { name: string, missing?: string | null }} Package */
/**
 * What a card depends on besides its pack.
 * @typedef {object} Around
 * @property {Package[]} [rivals]  all that the buyer can choose from, if that is more than the packs
 * @property {import("./catalogue.js").Feature[]} [features]  what credits are good for
 * @property {{ balance: number | null } | null} [buyer]  who is signed in; the balance may not be known yet
 */

/** How many uses a card names: the price list has them all. */
const MOST_USES = 2;

const choices = once(() => new Intl.ListFormat(locale, { type: "disjunction" }));

/**
 * One pack on sale.
 * @param {Package} pack
 * @param {Package[]} packs those on sale, to say honestly what this one saves
 * @param {() => void} onBuy
 * @param {Around & { details?: Node | null }} [around] details: what else the card says
 */
export function packCard(pack, packs, onBuy, { rivals = packs, features = [], buyer = null, details = null } = {}) {
  const isBest = isBestValue(pack, rivals);
  const label = t("pack.buy", { name: pack.name });
  const balance = buyer?.balance ?? 0;
  const isOwing = balance < 0;
  const uses = usesOf(pack.credits + Math.min(0, balance), features, packs);
  const buys = uses.length > 0 && h("p", { class: "pack__buys", part: "pack-buys" }, t("pack.buys", { uses: inWords(uses) }));
  const then = buyer && h("p", { class: "pack__after", part: "pack-after" }, after(pack.credits, buyer.balance));
  // With debts, the rest after them is what the uses are counted by.
  const lines = isOwing ? [then, buys] : [buys, then];
  return h(
    "li",
    { class: `pack${isBest ? " pack--best" : ""}`, part: `pack${isBest ? " pack-best" : ""}` },
    h(
      "div",
      { class: "pack__head" },
      h("h3", { class: "pack__name", part: "pack-name" }, pack.name),
      badge(isBest, savingPercent(pack, packs)),
      h(
        "p",
        { class: "pack__credits", part: "pack-credits" },
        pile(pack, packs),
        h("strong", {}, formatNumber(pack.credits)),
        ` ${t("unit.credits", { n: pack.credits })}`,
      ),
      h(
        "p",
        { class: "pack__price", part: "pack-price" },
        h("strong", {}, formatMoney(pack.unit_amount, pack.currency, pack.decimals)),
        " ",
        rate(pack),
      ),
    ),
    pack.missing && h("p", { class: "pack__fallback" }, fallback(pack)),
    ...lines,
    details,
    h(
      "button",
      { class: "button", part: "button", type: "button", "data-pack": pack.id, "data-label": label, onclick: onBuy },
      label,
    ),
  );
}

/** @param {boolean} isBest @param {number} saving in percent */
function badge(isBest, saving) {
  const best = isBest ? t("pack.best") : "";
  const saves = saving > 0 ? t("pack.save", { percent: formatPercent(saving) }) : "";
  if (!best && !saves) return null;
  const text = [best, saves].filter(Boolean).join(" · ");
  return h("p", { class: "pack__badge", part: "badge" }, text, saves && spoken(t("pack.save.more")));
}

/** @param {Package} pack */
function rate(pack) {
  const text = t("pack.per_hundred", { price: formatPerHundred(pack) });
  return h("span", { class: "pack__rate", part: "pack-rate" }, text, spoken(t("spoken.credits")));
}

/** @param {Package} pack */
function fallback({ missing, currency }) {
  return t("pack.no_price", { currency: missing?.toUpperCase() ?? "", own: currency.toUpperCase() });
}

/** @param {ReturnType<typeof usesOf>} uses "100 documents or 250 recordings" */
function inWords(uses) {
  const words = uses.slice(0, MOST_USES).map((use) => useInWords(use, use.n));
  return choices().format(words);
}

/** Keeps its line free while the balance is not known. @param {number} credits @param {number | null} known */
function after(credits, known) {
  if (known === null) return "\u00a0";
  const { balance, owed, paid, left } = afterwards(credits, known);
  if (owed === 0) return t("pack.after", { n: balance });
  return paid < owed ? t("pack.pays_part", { paid, owed }) : t("pack.pays_off", { owed, n: left });
}

/** As many gems as the pack's rank: one for the smallest. @param {Package} pack @param {Package[]} packs */
function pile(pack, packs) {
  const smaller = packs.filter((other) => other.credits < pack.credits).length;
  const gems = Array.from({ length: Math.min(smaller + 1, 5) }, gem);
  return h("span", { class: "pack__pile", "aria-hidden": "true" }, ...gems);
}

/** A pack and features as most shops have them: what stands where the packs will be is as high as these are. */
const SAMPLE = { id: "", name: "\u00a0", credits: 500, unit_amount: 499, currency: "usd", decimals: 2 };
const SAMPLE_FEATURES = [
  { id: "docx_processing", name: "", credits: 5 },
  { id: "audio_upload", name: "", credits: 2 },
];

/** What stands where the packs will be. @param {number} count @param {Around["buyer"]} buyer */
export function packSkeletons(count, buyer) {
  return Array.from({ length: count }, () => {
    const card = packCard(SAMPLE, [SAMPLE], () => {}, { features: SAMPLE_FEATURES, buyer });
    card.classList.add("pack--skeleton");
    card.setAttribute("aria-hidden", "true");
    card.inert = true;
    return card;
  });
}
