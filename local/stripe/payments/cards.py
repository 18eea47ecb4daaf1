"""Test cards and what they do, and the checks a card form makes before it asks a bank."""

import datetime as dt
import re
from dataclasses import dataclass
from enum import Enum

from local.stripe.store import Json

BANK_ACCOUNT = "000123456789"


class Outcome(Enum):
    """What happens to a payment with a card."""

    SUCCEEDS = "succeeds"
    DECLINED = "declined"
    NEEDS_AUTHENTICATION = "needs authentication"


class Refunds(Enum):
    """What becomes of refunds; one that fails later begins by succeeding."""

    SUCCEED = "succeed"
    SUCCEED_LATER = "succeed later"
    FAIL_LATER = "fail later"


class Dispute(Enum):
    """Whether the payer's bank takes the payment up right away."""

    CHARGEBACK = "chargeback"
    INQUIRY = "inquiry"


@dataclass(frozen=True, slots=True)
class TestCard:
    """A card number with a known ending."""

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
        """The number in groups, as printed on a card."""
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
    """What this card does; a number nobody listed is declined in so many words."""
    return BY_NUMBER.get(number) or TestCard(
        number,
        "Unknown test card",
        Outcome.DECLINED,
        "card_declined",
        "test_mode_live_card",
        "Your card was declined: it is none of the test cards that this stand-in knows.",
    )


def refunds_of(payment_method_details: Json) -> Refunds:
    """What becomes of refunds to what paid a charge; test cards differ in their last digits."""
    if payment_method_details["type"] != "card":
        return Refunds.SUCCEED_LATER
    last4 = payment_method_details["card"]["last4"]
    return next(card.refunds for card in TEST_CARDS if card.number.endswith(last4))


@dataclass(frozen=True, slots=True)
class Card:
    """A card as typed, after the checks."""

    number: str
    exp_month: int
    exp_year: int

    @property
    def brand(self) -> str:
        """The network, told by the number's beginning."""
        for pattern, name in BRANDS:
            if re.match(pattern, self.number):
                return name
        return "unknown"


BRANDS = (
    (r"4", "visa"),
    (r"5[1-5]|2[2-7]", "mastercard"),
    (r"3[47]", "amex"),
    (r"6", "discover"),
)
AMEX_CVC_DIGITS = 4
CVC_DIGITS = 3
SHORTEST_NUMBER = 12
LONGEST_NUMBER = 19
LONGEST_VALIDITY_YEARS = 50
MONTHS = 12


def passes_luhn(number: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def read_card(
    number: str, expiry: str, cvc: str, today: dt.date
) -> tuple[Card | None, dict[str, str]]:
    """The card, or what is wrong at which field."""
    problems: dict[str, str] = {}
    digits = re.sub(r"[ -]", "", number)
    if not digits:
        problems["number"] = "Enter a card number."
    elif re.fullmatch(r"[0-9]+", digits) is None:
        problems["number"] = "A card number has digits only."
    elif not SHORTEST_NUMBER <= len(digits) <= LONGEST_NUMBER:
        problems["number"] = "Your card number is incomplete."
    elif not passes_luhn(digits):
        problems["number"] = "Your card number is invalid."
    month, year, problem = _read_expiry(expiry, today)
    if problem:
        problems["expiry"] = problem
    card = Card(digits, month, year)
    wanted = AMEX_CVC_DIGITS if card.brand == "amex" else CVC_DIGITS
    if re.fullmatch(rf"[0-9]{{{wanted}}}", cvc.strip()) is None:
        problems["cvc"] = f"The security code has {wanted} digits."
    return (None if problems else card), problems


def _read_expiry(expiry: str, today: dt.date) -> tuple[int, int, str | None]:
    match = re.fullmatch(r"\s*([0-9]{1,2})\s*/?\s*([0-9]{2}|20[0-9]{2})\s*", expiry)
    if match is None:
        return 0, 0, "Enter the expiry as month and year: MM / YY."
    month, year = int(match[1]), int(match[2])
    year += 2000 if year < 100 else 0  # noqa: PLR2004 - two digits
    if not 1 <= month <= MONTHS:
        return 0, 0, "A month is a number from 01 to 12."
    if (year, month) < (today.year, today.month):
        return 0, 0, "Your card's expiry is in the past."
    if year > today.year + LONGEST_VALIDITY_YEARS:
        return 0, 0, "That expiry is too far in the future."
    return month, year, None
