"""Check what was typed as a card: number, expiry and security code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True, slots=True)
class Card:
    """A card that passed the checks."""

    number: str
    exp_month: int
    exp_year: int

    @property
    def brand(self) -> str:
        """The card network, from the first digits of the number."""
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
    """Return whether the last digit is the Luhn check digit of the others."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def read_card(
    number: str, expiry: str, cvc: str, today: dt.date
) -> tuple[Card | None, dict[str, str]]:
    """Return the card, or None and the problems by field: number, expiry, cvc."""
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
