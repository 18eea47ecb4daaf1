"""For `make books`: read fees and payouts from Stripe, and compare its balance with our rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import StripeFailedError
from api._lib.money import money
from api._lib.payments.balance_reading import Reading, balance_at_stripe, read_balance_quietly
from api._lib.settings import settings
from ops.findings import count

if TYPE_CHECKING:
    from collections.abc import Mapping

# 200,000 balance transactions. A longer history takes several runs.
REQUESTS = 2_000
SECONDS = 600


@dataclass(frozen=True)
class _Compared:
    """Stripe's balance in one currency, in minor units: by our rows, and at Stripe."""

    currency: str
    ours: int
    theirs: int


def read_stripe() -> Reading | None:
    """Read what Stripe has created since the last run; None if Stripe cannot be read."""
    return read_balance_quietly(max_requests=REQUESTS, seconds=SECONDS)


def compare_balance(reading: Reading | None) -> str:
    """Return a sentence: whether Stripe's balance by our rows is what Stripe reports now."""
    if settings().stripe_secret_key is None:
        return "Stripe was not read, because STRIPE_SECRET_KEY is missing: see docs/books.md."
    if reading is None:
        return (
            "Stripe could not be read, so fees and payouts may be missing. Run it again. If it"
            " stays so, see what the key may read in docs/books.md."
        )
    if not reading.complete:
        return "Stripe's history is longer than one run reads. Run it again for the rest."
    refused = (
        f" {count(len(reading.refused), 'transaction')} could not be read:"
        f" {', '.join(reading.refused)}."
        if reading.refused
        else ""
    )
    try:
        compared = _compare()
        if any(each.ours != each.theirs for each in compared):
            # Something may have moved between the two answers.
            read_stripe()
            compared = _compare()
    except StripeFailedError:
        return "Stripe did not tell its balance, so it was not compared. Run it again." + refused
    return _sentence(compared) + refused


def _compare() -> list[_Compared]:
    rows: dict[str, Any] = database.call(
        "read_stripe_balance",
        timeout_seconds=database.SCAN_TIMEOUT_SECONDS,
        p_livemode=settings().livemode,
    )
    return _side_by_side(rows["currencies"], balance_at_stripe())


def _side_by_side(ours: Mapping[str, int], theirs: Mapping[str, int]) -> list[_Compared]:
    return [
        _Compared(currency, ours.get(currency, 0), theirs.get(currency, 0))
        for currency in sorted({*ours, *theirs})
    ]


def _sentence(compared: list[_Compared]) -> str:
    wrong = [each for each in compared if each.ours != each.theirs]
    if not wrong:
        amounts = ", ".join(money(each.ours, each.currency) for each in compared)
        return f"Stripe's balance by our rows is what Stripe reports: {amounts}."
    return (
        "Stripe's balance differs from our rows: "
        + "; ".join(
            f"{money(each.ours, each.currency)} by our rows, {money(each.theirs, each.currency)} at"
            f" Stripe, difference {money(each.theirs - each.ours, each.currency)}"
            for each in wrong
        )
        + ". See docs/books.md."
    )
