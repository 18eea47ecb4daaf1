"""A session that was looked at, to facts."""

from __future__ import annotations

from typing import Any

import pytest

from api._lib.payments.retrieved_session import facts_of_sighting
from tests.support import Order

ORDER = Order()
SEEN_AT = 1_800_000_000


def seen(status: str, payment_status: str, intent: Any = None) -> tuple[str, int]:
    session = {**ORDER.session(status, payment_status), "created": 1_700_000_000}
    facts = facts_of_sighting(
        {**session, "payment_intent": intent}, project="127.0.0.1", seen_at=SEEN_AT
    )
    assert facts is not None
    return facts["state"], facts["occurred_at"]


def intent(status: str) -> dict[str, Any]:
    return {"id": "pi_1", "status": status, "latest_charge": {"id": "ch_1", "created": 1_700_000_9}}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("processing", "processing"),
        ("requires_payment_method", "failed"),
        ("canceled", "failed"),
    ],
)
def test_the_intent_tells_a_debit_under_way_from_one_that_failed(status: str, state: str) -> None:
    assert seen("complete", "unpaid", intent(status)) == (state, SEEN_AT)


def test_a_payment_dates_from_its_charge() -> None:
    assert seen("complete", "paid", intent("succeeded")) == ("paid", 1_700_000_9)


def test_an_intent_that_did_not_come_along_is_done_without() -> None:
    assert seen("complete", "paid", "pi_1") == ("paid", SEEN_AT)
    assert seen("complete", "unpaid", "pi_1") == ("processing", SEEN_AT)


def test_nothing_charged_is_paid() -> None:
    assert seen("complete", "no_payment_required") == ("paid", SEEN_AT)


def test_a_declined_card_on_an_open_page_is_no_failure() -> None:
    assert seen("open", "unpaid", intent("requires_payment_method")) == ("open", 1_700_000_000)


def test_a_page_that_ran_out_is_expired() -> None:
    assert seen("expired", "unpaid") == ("expired", SEEN_AT)


def test_what_is_not_ours_has_no_facts() -> None:
    session = {**ORDER.session(), "created": 1, "metadata": {}}
    assert facts_of_sighting(session, project="127.0.0.1", seen_at=SEEN_AT) is None
