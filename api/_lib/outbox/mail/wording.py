"""What a mail about an event says. Pure.

Events hold ids and amounts only, so a mail names nobody. All values are escaped where HTML is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from api._lib.money import money
from api._lib.payments.refund_refusals import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class Words:
    """A mail before it is set: a subject, paragraphs, and one button.

    Attributes:
        subject: One line.
        paragraphs: Sentences for a person.
        action: The button's label.
        path: Where it leads on the shop's site.
        is_receipt: Sent whatever the person chose. Other mails have an unsubscribe link.
    """

    subject: str
    paragraphs: tuple[str, ...]
    action: str
    path: str = "/"
    is_receipt: bool = True


def credits_(count: int) -> str:
    """Return a number of credits: 1 credit, 1,500 credits."""
    return f"{count:,} credit" if count == 1 else f"{count:,} credits"


def customer_words(type_: str, data: Mapping[str, Any]) -> Words:
    """Return what the person is told about an event of one of CUSTOMER_TYPES."""
    return _CUSTOMER[type_](data)


def owner_words(type_: str, data: Mapping[str, Any]) -> Words:
    """Return what the shop's owner is told about an event of one of OWNER_TYPES."""
    return _OWNER[type_](data)


def _purchased(data: Mapping[str, Any]) -> Words:
    paid = f" You paid {money(data['amount'], data['currency'])}." if "amount" in data else ""
    return Words(
        f"{credits_(data['credits'])} added",
        (f"{credits_(data['credits'])} came into your account.{paid}", _balance(data)),
        "Use your credits",
    )


def _failed(data: Mapping[str, Any]) -> Words:
    return Words(
        "Your payment failed",
        (
            (
                f"Your bank did not make the payment of {money(data['amount'], data['currency'])}"
                f" for {credits_(data['credits'])}. You were not charged, and no credits came in."
            ),
            "You can try again with another way to pay.",
        ),
        "Try again",
    )


def _refunded(data: Mapping[str, Any]) -> Words:
    paragraphs = [
        (
            f"A refund of {money(data['amount'], data['currency'])} is on its way to you. It takes"
            " your bank five to ten days to show it."
        ),
        "The credits that it pays for were taken back.",
    ]
    if "balance" in data:
        paragraphs.append(_balance(data))
    return Words("Your refund", tuple(paragraphs), "See your history")


def _withdrawn(data: Mapping[str, Any]) -> Words:
    if data["amount"]:
        # The event is announced before Stripe is asked for the refund.
        refunded = (
            f"{money(data['amount'], data['currency'])} is to go back to you, for the"
            f" {credits_(data['credits'])} of it that were unused. A second mail follows when it is"
            " on its way."
        )
    else:
        refunded = f"Nothing goes back by itself. {REASONS[data['reason']]} The shop looks at it."
    return Words(
        "Confirmation of your withdrawal",
        (
            (
                f"You have withdrawn from the contract for {data['package_name']}, order"
                f" {data['purchase_id']}, paid on {_moment(data['paid_at'])}."
            ),
            f"We received your withdrawal on {_moment(data['withdrawn_at'])}.",
            refunded,
        ),
        "See your history",
    )


def _not_refunded(data: Mapping[str, Any]) -> Words:
    return Words(
        "Your refund was not made",
        (
            (
                f"The refund for order {data['purchase_id']} did not succeed:"
                f" {money(data['amount'], data['currency'])} does not go back to you by itself."
            ),
            "The shop looks at it. The credits that the refund would have taken stay yours.",
        ),
        "See your history",
    )


def _low(data: Mapping[str, Any]) -> Words:
    return Words(
        f"{credits_(data['balance'])} left" if data["balance"] > 0 else "Your credits are used up",
        (_balance(data),),
        "Get credits",
        is_receipt=False,
    )


def _expiring(data: Mapping[str, Any]) -> Words:
    day = datetime.fromisoformat(data["expires_at"]).strftime("%-d %B %Y")
    return Words(
        f"{credits_(data['credits'])} will expire in {data['days']} days",
        (f"{credits_(data['credits'])} of yours will expire on {day} (UTC). Use them before.",),
        "Use your credits",
        is_receipt=False,
    )


def _mismatch(data: Mapping[str, Any]) -> Words:
    return Words(
        "A payment waits for your decision",
        (
            (
                f"The payment of order {data['purchase_id']} differs from what was ordered:"
                f" {money(data['amount'], data['currency'])} came in. Its credits were not posted."
            ),
            "docs/operating.md says how to accept or reject it.",
        ),
        "Open the shop",
    )


def _dispute(data: Mapping[str, Any]) -> Words:
    due = f" Answer by {data['due_at']}." if "due_at" in data else ""
    return Words(
        "A payment is disputed",
        (
            (
                f"Dispute {data['dispute_id']} of {money(data['amount'], data['currency'])},"
                f" order {data['purchase_id']}, status {data['status']}.{due}"
            ),
            "Stripe's dashboard shows it under Payments, Disputes.",
        ),
        "Open the shop",
    )


def _withdrawn_from(data: Mapping[str, Any]) -> Words:
    refunded = (
        f"{money(data['amount'], data['currency'])} is to be refunded for"
        f" {credits_(data['credits'])}."
        if data["amount"]
        else f"Nothing was refunded ({data['reason']}). Look whether something is still owed."
    )
    return Words(
        "A buyer withdrew from a purchase",
        (
            (
                f"Order {data['purchase_id']}, {data['package_name']}, withdrawn on"
                f" {_moment(data['withdrawn_at'])}."
            ),
            refunded,
        ),
        "Open the shop",
    )


def _refund_failed(data: Mapping[str, Any]) -> Words:
    return Words(
        "A refund was not made",
        (
            (
                f"The refund of {money(data['amount'], data['currency'])} for order"
                f" {data['purchase_id']} ended as {data['status']}: {data['reason']}. Its credits"
                " are free again."
            ),
            "docs/refunds.md says what to do.",
        ),
        "Open the shop",
    )


def _doctor(data: Mapping[str, Any]) -> Words:
    return Words(
        "A daily check fails",
        (f"Failing: {', '.join(data['checks'])}.", "Run make doctor: it says what to do."),
        "Open the shop",
    )


def _moment(utc: str) -> str:
    """Return a moment of an event to the second: 28 November 2026, 20:15:00 UTC."""
    return f"{datetime.fromisoformat(utc):%-d %B %Y, %H:%M:%S} UTC"


def _balance(data: Mapping[str, Any]) -> str:
    return f"Your balance is {credits_(data['balance'])}."


_Wording = dict[str, "Callable[[Mapping[str, Any]], Words]"]
_CUSTOMER: _Wording = {
    "credits.purchased": _purchased,
    "credits.low": _low,
    "credits.expiring": _expiring,
    "purchase.failed": _failed,
    "purchase.refunded": _refunded,
    "purchase.withdrawn": _withdrawn,
    "refund.failed": _not_refunded,
}
_OWNER: _Wording = {
    "ledger.mismatch": _mismatch,
    "dispute.opened": _dispute,
    "purchase.withdrawn": _withdrawn_from,
    "refund.failed": _refund_failed,
    "doctor.failed": _doctor,
}
CUSTOMER_TYPES = tuple(_CUSTOMER)
OWNER_TYPES = tuple(_OWNER)
