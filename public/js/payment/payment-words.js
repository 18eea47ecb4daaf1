import { t } from "../lib/texts.js";
import { session } from "../session/session.js";
import { declineReason } from "./decline-reason.js";
import { bought } from "./payment-parts.js";

/** @typedef {import("./payment-watch.js").Sighting} Sighting */

const TROUBLE = { server: "payment.unreachable", stripe: "payment.stripe_unavailable" };

/** @param {Sighting} sighting */
export const titleOf = ({ state }) => t(`payment.${keyOf(state)}`);

/** What a sighting means, in a few sentences. @param {Sighting} sighting */
export function textOf({ state, purchase, trouble }) {
  if (trouble) return t(TROUBLE[trouble]);
  const text = t(`payment.${keyOf(state)}.more`, { email: session.user?.email ?? "" });
  if (!purchase) return text;
  switch (state) {
    case "paid":
      return bought(purchase);
    case "processing":
      return `${bought(purchase)} ${text}`;
    case "open":
      return [bought(purchase), declineReason(purchase.decline_code), text].filter(Boolean).join(" ");
    case "failed":
      return [declineReason(purchase.decline_code), text].filter(Boolean).join(" ");
    default:
      return text;
  }
}

/** @param {string} state */
const keyOf = (state) => state.replace("-", "_");
