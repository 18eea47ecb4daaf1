import { day } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { packCard } from "./pack-card.js";
import { parts, t } from "../lib/texts.js";

/**
 * A pack for one customer, in minor units of the currency; it can be bought until `ends_at`.
 * @typedef {import("./catalogue.js").Package & { valid_days: number | null, note: string | null, ends_at: string }} Offer
 */

/**
 * A pack that is offered to this person alone: its card also says until when, and what the shop wrote to them.
 * @param {Offer} offer
 * @param {import("./catalogue.js").Package[]} packs those on sale, to say honestly what this one saves
 * @param {() => void} onBuy
 * @param {import("./pack-card.js").Around} [around]
 */
export function offerCard(offer, packs, onBuy, around = {}) {
  const { note, valid_days: days, ends_at: endsAt } = offer;
  const details = h(
    "div",
    { class: "pack__details", part: "offer-details" },
    note && h("p", { class: "pack__note" }, note),
    h("p", { class: "pack__terms" }, ...parts("offer.until", { day: day(endsAt) })),
    h("p", { class: "pack__terms" }, days ? t("offer.valid", { n: days }) : t("offer.valid.always")),
  );
  return packCard(offer, [...packs, offer], onBuy, { ...around, details });
}
