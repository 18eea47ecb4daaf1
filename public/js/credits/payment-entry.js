import { time } from "../lib/dates.js";
import { h, svg } from "../lib/dom.js";
import { inMoney } from "./entry-words.js";
import { entry, factList } from "./history-entry.js";
import { t } from "../lib/texts.js";

/** @typedef {import("./wallet.js").Payment} Payment */

/** A clock, and a cross. @type {Record<Payment["status"], string>} */
const SIGNS = { pending: "M8 4v4l2.5 2.5", failed: "m5.5 5.5 5 5m0-5-5 5" };

/**
 * A purchase whose payment is under way, or did not go through.
 * @param {Payment} payment
 * @param {() => void} showStore
 */
export function paymentEntry({ order_id: orderId, status, name, credits, price, created_at: at }, showStore) {
  const line = [
    h(
      "span",
      { class: "line__what" },
      h("span", { class: "line__name", dir: "auto" }, sign(status), " ", name),
      " ",
      h("span", { class: "line__detail" }, inMoney(price)),
    ),
    h("span", { class: "line__status" }, t(`history.payment.${status}`)),
  ];
  const panel = [
    h("p", {}, t(`history.payment.${status}.about`, { n: credits })),
    factList([
      [t("history.time"), [time(at)]],
      [t("history.order"), [h("code", {}, orderId)]],
    ]),
    status === "failed" ? h("div", { class: "panel__actions" }, storeButton(showStore)) : null,
  ];
  return entry(line, panel, { "data-status": status });
}

/** @param {() => void} onclick */
const storeButton = (onclick) => h("button", { class: "link", type: "button", onclick }, t("history.visit_store"));

/** @param {Payment["status"]} status */
const sign = (status) =>
  svg(
    "svg",
    { class: "line__sign", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" },
    svg("circle", { cx: 8, cy: 8, r: 6.75 }),
    svg("path", { d: SIGNS[status] }),
  );
