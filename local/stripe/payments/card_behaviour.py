"""Test cards: which ones succeed, are declined, need 3-D Secure, are disputed, or refunded late."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stripe.store import Json

BANK_ACCOUNT = "000123456789"


class Outcome(Enum):
    """The outcome of a payment with a card."""

    SUCCEEDS = "succeeds"
    DECLINED = "declined"
    NEEDS_AUTHENTICATION = "needs authentication"


class Refunds(Enum):
    """The outcome of refunds to a card. FAIL_LATER succeeds at first."""

    SUCCEED = "succeed"
    SUCCEED_LATER = "succeed later"
    FAIL_LATER = "fail later"


class Dispute(Enum):
    """How the payer's bank disputes a payment right after it succeeded."""

    CHARGEBACK = "chargeback"
    INQUIRY = "inquiry"


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card number and what happens to payments with it."""

    number: str
    label: str
    outcome: Outcome
    code: str | None = None
    decline_code: str | None = None
    message: str = ""
    refunds: Refunds = Refunds.SUCCEED
    dispute: Dispute | None = None

    @property
    def spaced(self) -> str:
        """The number in groups of four digits, as printed on a card."""
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))


TEST_CARDS = (
    TestCard("4242424242424242", "Succeeds", Outcome.SUCCEEDS),
    TestCard("4000002500003155", "Asks for 3-D Secure", Outcome.NEEDS_AUTHENTICATION),
    TestCard(
        "4000000000000002",
        "Declined",
        Outcome.DECLINED,
        "card_declined",
        "generic_decline",
        "Your card was declined.",
    ),
    TestCard(
        "4000000000009995",
        "Insufficient funds",
        Outcome.DECLINED,
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds. Try a different card.",
    ),
    TestCard(
        "4000000000000069",
        "Expired card",
        Outcome.DECLINED,
        "expired_card",
        None,
        "Your card has expired. Try a different card.",
    ),
    TestCard(
        "4000000000000127",
        "Wrong security code",
        Outcome.DECLINED,
        "incorrect_cvc",
        None,
        "Your card's security code is incorrect.",
    ),
    TestCard(
        "4000000000000259",
        "Disputed as fraud",
        Outcome.SUCCEEDS,
        dispute=Dispute.CHARGEBACK,
    ),
    TestCard("4000000000001976", "Bank inquires", Outcome.SUCCEEDS, dispute=Dispute.INQUIRY),
    TestCard(
        "4000000000007726",
        "Refund succeeds later",
        Outcome.SUCCEEDS,
        refunds=Refunds.SUCCEED_LATER,
    ),
    TestCard(
        "4000000000005126",
        "Refund fails later",
        Outcome.SUCCEEDS,
        refunds=Refunds.FAIL_LATER,
    ),
)
BY_NUMBER = {card.number: card for card in TEST_CARDS}


def behaviour(number: str) -> TestCard:
    """Return what happens to payments with a card; an unknown number is declined."""
    return BY_NUMBER.get(number) or TestCard(
        number,
        "Unknown test card",
        Outcome.DECLINED,
        "card_declined",
        "test_mode_live_card",
        "Your card was declined: it is none of the test cards of this stand-in.",
    )


def refunds_of(payment_method_details: Json) -> Refunds:
    """Return the outcome of refunds to the payment method of a charge, by its last four digits."""
    if payment_method_details["type"] != "card":
        return Refunds.SUCCEED_LATER
    last4 = payment_method_details["card"]["last4"]
    return next(card.refunds for card in TEST_CARDS if card.number.endswith(last4))
