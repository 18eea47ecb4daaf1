import { day } from "../lib/dates.js";
import { formatMoney } from "../lib/money.js";
import { offerForm } from "./offer-form.js";
import { credits } from "./words.js";

// What staff may do to an account. Each entry says what the dialog asks and warns; the server decides.

/**
 * @typedef {{ name: string, label: string, type: "number" | "text" | "date", min?: number, max?: number, optional?: boolean,
 *   hint?: string }} Field
 * @typedef {{ title: string, button: string, fields: Field[], warning?: string, isSeen?: boolean, danger?: boolean,
 *   ignoresBalance?: boolean, form?: () => Promise<import("./action-dialog.js").Form>,
 *   sentence?: (details: Record<string, any>) => string,
 *   agreed?: (details: Record<string, any>) => Record<string, unknown> }} Kind
 *   isSeen: the person sees the reason in their history; sentence: what the preview found, in words;
 *   ignoresBalance: it is right whatever the balance is by then; form: asks in place of fields;
 *   agreed: fields of the request that come from the preview, so that nothing else is done
 */

/** @type {Record<string, Kind>} */
export const ACTIONS = {
  grant: {
    title: "Grant credits",
    button: "Grant",
    isSeen: true,
    fields: [
      { name: "credits", label: "Credits", type: "number", min: 1, max: 1_000_000_000 },
      {
        name: "valid_days",
        label: "Days until they expire",
        type: "number",
        min: 1,
        max: 3650,
        optional: true,
        hint: "Leave it empty for credits that never expire.",
      },
    ],
  },
  correct: {
    title: "Correct the balance",
    button: "Correct",
    isSeen: true,
    fields: [
      {
        name: "credits",
        label: "Credits to add, or to take with a minus",
        type: "number",
        min: -1_000_000_000,
        max: 1_000_000_000,
        hint: "You can take at most the free credits.",
      },
    ],
  },
  undo: {
    title: "Undo a spend",
    button: "Undo the spend",
    isSeen: true,
    fields: [],
    warning: "The credits go back into the lots they came from. Credits of an expired lot expire at once.",
  },
  release: {
    title: "Release a hold",
    button: "Release",
    fields: [],
    warning: "Work that is still running under this hold can no longer be charged.",
  },
  refund: {
    title: "Refund unused credits",
    button: "Refund unused credits",
    danger: true,
    fields: [],
    warning: "The unused part of this order is refunded to the card or account that paid. This cannot be undone.",
    sentence: ({ amount, currency, decimals, credits: taken }) =>
      `${formatMoney(amount, currency, decimals)} goes back. A hold keeps ${credits(taken)} until Stripe has made the refund.`,
    agreed: ({ amount }) => ({ amount }),
  },
  offer: {
    title: "Make an offer",
    button: "Make the offer",
    fields: [],
    ignoresBalance: true,
    form: offerForm,
    warning: "A pack for this person alone, beside the packs in their store. They can buy it once.",
    sentence: ({ credits: offered, unit_amount: amount, currency, decimals, ends_at: endsAt }) =>
      `They can buy ${credits(offered)} for ${formatMoney(amount, currency, decimals)} until ${day(endsAt).textContent}.`,
  },
  withdraw_offer: {
    title: "Withdraw an offer",
    button: "Withdraw",
    danger: true,
    fields: [],
    ignoresBalance: true,
    warning: "It leaves their store, and they can no longer buy it. You can make another one.",
    sentence: ({ is_being_paid: isBeingPaid }) =>
      isBeingPaid
        ? "Its payment page may be open, or a bank has not confirmed a payment yet. If it is still paid, it counts as bought."
        : "Nobody is paying for it at the moment.",
  },
  resend: {
    title: "Send the receipt mail again",
    button: "Send the receipt again",
    fields: [],
    warning: "The mail about this purchase is sent to the person's address again.",
  },
  move: {
    title: "Move the purse to another account",
    button: "Move",
    danger: true,
    fields: [
      {
        name: "to_user_id",
        label: "User id of the other account",
        type: "text",
        hint: "It must have no history of its own. Lots, orders and debts move; this cannot be undone.",
      },
    ],
  },
  forget: {
    title: "Delete the account",
    button: "Delete for good",
    danger: true,
    fields: [],
    warning:
      "The person loses all credits. Files, addresses, notes, the Stripe customer and the sign-in are deleted. Ledger rows stay, without a name. This cannot be undone.",
  },
  export: {
    title: "Export all data",
    button: "Export",
    fields: [],
    warning: "You get a file with all data about this person. Your name and your reason are recorded.",
  },
};
