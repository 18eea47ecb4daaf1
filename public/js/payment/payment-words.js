import { formatMoney } from "../lib/money.js";
import { t } from "../lib/texts.js";
import { session } from "../session/session.js";
import { declineReason } from "./decline-reason.js";

/** @typedef {import("./payment-watch.js").Sighting} Sighting */

const TROUBLE = { server: "payment.unreachable", stripe: "payment.stripe_unavailable" };

/** @param {Sighting} sighting */
export const titleOf = ({ state }) => t(`payment.${keyOf(state)}`);

/** What was bought, or would be; empty where that does not matter. @param {Sighting} sighting */
export function boughtIn({ state, purchase, trouble }) {
  const matters = !trouble && ["paid", "processing", "open", "unknown"].includes(state);
  return matters && purchase ? bought(purchase) : "";
}

/** What a sighting means, in a few sentences. @param {Sighting} sighting */
export function textOf({ state, purchase, trouble }) {
  if (trouble) return t(TROUBLE[trouble]);
  if (state === "paid") return "";
  const why = ["open", "failed"].includes(state) ? declineReason(purchase?.decline_code ?? null) : "";
  const text = t(`payment.${keyOf(state)}.more`, { email: session.user?.email ?? "" });
  return why ? `${why} ${text}` : text;
}

/** @param {string} state */
const keyOf = (state) => state.replace("-", "_");

/** @param {import("./payment-watch.js").Purchase} purchase */
function bought({ package_name: name, credits, amount, currency, decimals }) {
  return t("payment.paid.more", { name, n: credits, price: formatMoney(amount, currency, decimals) });
}
