import { day, time } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { formatMoney } from "../lib/money.js";
import { formatNumber } from "../lib/texts.js";
import { badge, nothing, table } from "./parts.js";
import { count, credits } from "./words.js";

/** @type {Record<string, ["good" | "bad" | "plain", string]>} */
const STATES = {
  open: ["good", "open"],
  processing: ["plain", "payment not confirmed yet"],
  bought: ["good", "bought"],
  expired: ["plain", "expired"],
  withdrawn: ["plain", "withdrawn"],
};

/**
 * The offers made to a person.
 * @param {any[]} offers newest first
 * @param {((name: string, about?: Record<string, unknown>, what?: string) => HTMLElement) | null} button null: who may not
 */
export function offersTable(offers, button) {
  if (!offers.length) return nothing("No offers.");
  return table({
    caption: "Offers, newest first",
    columns: ["Offer", "State", { label: "Credits", numeric: true }, { label: "Price", numeric: true }, "Can be bought until", "Credits valid", "Made", "Note on the card", ""],
    rows: offers.map((offer) => [
      offer.name,
      badge(STATES[offer.state][1], STATES[offer.state][0]),
      formatNumber(offer.credits),
      formatMoney(offer.unit_amount, offer.currency, offer.decimals),
      day(offer.ends_at),
      offer.valid_days ? count(offer.valid_days, "day") : "no limit",
      time(offer.created_at),
      offer.note && h("span", { class: "desk-note" }, offer.note),
      button && ["open", "processing"].includes(offer.state)
        ? button("withdraw_offer", { offer_id: offer.id }, `${offer.name}, ${credits(offer.credits)}`)
        : null,
    ]),
  });
}
