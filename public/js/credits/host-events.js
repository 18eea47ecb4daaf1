import { announce } from "../lib/announce.js";
import { looksLikeASession, watchPayment } from "../payment/payment-watch.js";
import { person } from "../session/person.js";
import { wallet } from "./wallet.js";

/** @typedef {{ balance: number, available: number }} Seen */

/** The checkout session whose purchase this tab has told of: a page that is loaded again says nothing. */
const TOLD = "purse.told";

/** The balance that the page around knows. Null until it is known. @type {Seen | null} */
let seen = null;
/** The newest entry of the history that was seen. */
let newest = 0n;
/** Orders that the page around has heard of. */
const told = new Set();

/** Tells the page around of changed balances and of purchases, wherever they were made. */
export function tellOfCredits() {
  wallet.addEventListener("change", compare);
  let watching = new AbortController();
  const watch = () => {
    watching.abort();
    watching = new AbortController();
    if (person.id) followReturn(watching.signal);
  };
  person.addEventListener("change", () => {
    newest = 0n;
    watch();
  });
}

function compare() {
  const before = seen;
  const { balance, available, transactions } = wallet;
  if (balance === null) return (seen = null);
  seen = { balance, available };
  const known = newest;
  const ids = transactions.map(({ id }) => BigInt(id));
  newest = ids.reduce((most, id) => (id > most ? id : most), known);
  if (!before) return;
  if (before.balance !== balance || before.available !== available) announce("credits:changed", seen);
  const bought = transactions.filter(({ kind }, index) => kind === "purchase" && ids[index] > known);
  for (const { order_id: orderId, amount } of bought.reverse()) tellOfPurchase(orderId ?? "", amount);
}

/** @param {string} orderId @param {number} credits */
function tellOfPurchase(orderId, credits) {
  if (told.has(orderId)) return;
  told.add(orderId);
  announce("credits:purchased", { credits, order_id: orderId });
}

/** Somebody who comes back from the payment page has the checkout session in the address. @param {AbortSignal} signal */
async function followReturn(signal) {
  const sessionId = new URLSearchParams(location.search).get("session_id") ?? "";
  if (!looksLikeASession(sessionId) || kept() === sessionId) return;
  for await (const { state, purchase } of watchPayment(sessionId, signal)) {
    if (state !== "paid" || !purchase) continue;
    keep(sessionId);
    tellOfPurchase(purchase.order_id, purchase.credits);
  }
}

function kept() {
  try {
    return sessionStorage.getItem(TOLD);
  } catch {
    return null;
  }
}

/** @param {string} sessionId */
function keep(sessionId) {
  try {
    sessionStorage.setItem(TOLD, sessionId);
  } catch {
    // Without storage, a page that is loaded again tells again.
  }
}
