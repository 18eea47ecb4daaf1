import { day } from "../lib/dates.js";
import { h } from "../lib/dom.js";
import { once } from "../lib/once.js";
import { locale, parts, t } from "../lib/texts.js";
import { useInWords } from "../store/use-words.js";

/**
 * @typedef {import("../store/catalogue.js").Feature} Feature
 * @typedef {{ feature: Feature, quantity: number }} Wish  what somebody is about to do
 * @typedef {{ balance: number, available: number, held: number, low: boolean,
 *   nextExpiry: { credits: number, expires_at: string } | null }} Known
 * @typedef {{ content: (Node | string)[], isUrgent: boolean }} Line
 */

const DAY_MS = 24 * 60 * 60 * 1000;
const EXPIRY_SHOWN_DAYS = 30;
const EXPIRY_URGENT_DAYS = 7;

const distance = once(() => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));

/**
 * What there is to say about a balance, the most urgent first.
 * @param {Known} known
 * @param {Wish | null} wish
 * @param {Feature | null} cheapest
 */
export function linesOf({ balance, available, held, low, nextExpiry }, wish, cheapest) {
  const missing = wish ? wish.feature.credits * wish.quantity - available : 0;
  const left = nextExpiry ? new Date(nextExpiry.expires_at).getTime() - Date.now() : Infinity;
  const feature = wish?.feature ?? cheapest;
  const times = feature ? Math.floor(available / feature.credits) : 0;
  return /** @type {Line[]} */ (
    [
      missing > 0 && wish && urgent([t("purse.missing", { n: missing, what: named(wish) })]),
      balance < 0 && plain([t("purse.negative")]),
      balance === 0 && plain([t("purse.empty")]),
      nextExpiry && left <= EXPIRY_URGENT_DAYS * DAY_MS && urgent(expiry("purse.expires_soon", nextExpiry)),
      low && balance > 0 && missing <= 0 && urgent([t("purse.low")]),
      feature && times > 0 && missing <= 0 && !low && plain([t("purse.enough", { uses: useInWords(feature, times) })]),
      held > 0 && plain([t("purse.held", { n: held })]),
      nextExpiry &&
        left > EXPIRY_URGENT_DAYS * DAY_MS &&
        left <= EXPIRY_SHOWN_DAYS * DAY_MS &&
        plain(expiry("purse.expires", nextExpiry)),
    ].filter(Boolean)
  );
}

/** @param {Line} line @param {string} name of its class */
export const lineOf = ({ content, isUrgent }, name) =>
  h("p", { class: name, "data-urgent": isUrgent }, ...content);

/** @param {(Node | string)[]} content */
const plain = (content) => ({ content, isUrgent: false });

/** @param {(Node | string)[]} content */
const urgent = (content) => ({ content, isUrgent: true });

/** @param {Wish} wish */
const named = ({ feature, quantity }) =>
  quantity > 1 ? t("purse.times", { n: quantity, feature: feature.name }) : feature.name;

/** @param {string} key @param {{ credits: number, expires_at: string }} expiry */
function expiry(key, { credits, expires_at: at }) {
  const when = distance().format(daysUntil(new Date(at)), "day");
  return parts(key, { n: credits, when, day: day(at) });
}

/** By the reader's calendar: tomorrow is 1, also at noon. @param {Date} date */
function daysUntil(date) {
  const midnight = (/** @type {Date} */ at) => new Date(at).setHours(0, 0, 0, 0);
  return Math.round((midnight(date) - midnight(new Date())) / DAY_MS);
}
