"""Find the charge that a refund or a dispute is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError, StripeError, no_such

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction


def charge_to_reverse(transaction: Transaction, params: Json) -> Json:
    """Return the charge that the parameter `charge` or `payment_intent` names.

    Raises:
        StripeError: There is none, or its money has not arrived.
    """
    if "charge" not in params and "payment_intent" not in params:
        raise InvalidParameterError(
            "One of the following params should be provided for this request: "
            "payment_intent or charge.",
            code="parameter_missing",
        )
    charge_id = params.get("charge") or _charge_of(transaction, params["payment_intent"])
    charge = transaction.find("charge", charge_id)
    if charge is None:
        raise no_such("charge", charge_id, param="charge", status=400)
    if params.get("payment_intent", charge["payment_intent"]) != charge["payment_intent"]:
        raise StripeError(
            f"Charge {charge_id} does not belong to PaymentIntent {params['payment_intent']}.",
            param="charge",
        )
    if charge["status"] != "succeeded":
        raise StripeError(
            f"Charge {charge_id} is {charge['status']}: there is no money to refund or dispute.",
            param="charge",
        )
    return charge


def _charge_of(transaction: Transaction, intent_id: str) -> str:
    intent = transaction.find("payment_intent", intent_id)
    if intent is None:
        raise no_such("payment_intent", intent_id, param="payment_intent", status=400)
    if intent["latest_charge"] is None:
        raise StripeError(
            f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.",
            param="payment_intent",
        )
    return str(intent["latest_charge"])
