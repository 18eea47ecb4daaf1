/**
 * What the page says about a payment in each state; the text of "paid" is the receipt.
 * @type {Record<import("./payment-watch.js").PaymentState, { title: string, text: string }>}
 */
export const WORDS = {
  confirming: { title: "Confirming your payment…", text: "This usually takes a few seconds." },
  processing: {
    title: "Your bank is still working on it",
    text: "Some ways to pay take hours or days. The credits arrive by themselves; you need not keep this page open.",
  },
  paid: { title: "Your credits are here", text: "" },
  refunded: {
    title: "This payment was refunded",
    text: "The credits it paid for went back with the money. Your history shows both.",
  },
  mismatch: {
    title: "We are looking at your payment",
    text: "It arrived, but is not what was ordered. Somebody will look at it and credit or refund it.",
  },
  failed: {
    title: "The payment did not go through",
    text: "No credits were bought. You can try again, perhaps with another card.",
  },
  expired: { title: "This checkout has run out", text: "It was not paid in time, so nothing was bought." },
  unconfirmed: {
    title: "No confirmation yet",
    text: "We have not received the confirmation yet. If you were charged, the credits will arrive; nothing is lost.",
  },
  "signed-out": {
    title: "Sign in to see your payment",
    text: "Your payment is not affected. Sign in and we will look it up.",
  },
  invalid: {
    title: "This link names no payment",
    text: "It may have been cut off. Whatever you paid for is in your balance, or will be.",
  },
};
