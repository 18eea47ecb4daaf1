import { t } from "../lib/texts.js";

/**
 * What the buyer is told for Stripe's decline codes. A card that is reported lost or stolen is not named: whoever
 * holds it need not learn that.
 * @type {Record<string, string[]>}
 */
const CODES = {
  funds: ["insufficient_funds"],
  expired: ["expired_card", "invalid_expiry_month", "invalid_expiry_year"],
  cvc: ["incorrect_cvc", "invalid_cvc"],
  account: ["incorrect_number", "invalid_number", "invalid_account", "account_closed", "no_account"],
  unconfirmed: ["authentication_required", "authentication_not_handled", "payment_intent_authentication_failure"],
  limit: ["card_velocity_exceeded", "withdrawal_count_limit_exceeded", "invalid_amount"],
  unauthorized: ["debit_not_authorized", "revocation_of_authorization", "stop_payment_order"],
  unavailable: ["issuer_not_available", "processing_error", "reenter_transaction", "try_again_later"],
};

/** Why a payment was declined, in a sentence; empty if it was not. @param {string | null} code */
export function declineReason(code) {
  if (!code) return "";
  const kind = Object.keys(CODES).find((each) => CODES[each].includes(code));
  return t(`payment.why.${kind ?? "refused"}`);
}
