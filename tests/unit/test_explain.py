"""The sentence of `make doctor` about an order in each of its states."""

from __future__ import annotations

from typing import Any

import pytest

from api._lib.desk.findings import Finding
from api._lib.desk.verdict import OrderAtStripe, explain
from api._lib.money import money
from api._lib.payments.session_facts import facts_of_retrieved_session
from ops.findings import show
from tests.stripe_events import Order

ORDER = Order()


def row(status: str, **more: Any) -> dict[str, Any]:
    return {
        "order_id": ORDER.order_id,
        "created_at": "2026-11-23T16:00:00+00:00",
        "package_name": "Starter",
        "status": status,
        "credits": 500,
        "unit_amount": 499,
        "currency": "usd",
        "checkout_session_id": ORDER.session_id,
        "amount_subtotal": 499,
        "amount_paid": 499,
        "currency_paid": "usd",
        "processing_at": "2026-11-23T16:00:00+00:00",
        "decline_code": None,
        "decision": None,
        "decided_by": None,
        "decided_because": None,
        "credits_posted": 500,
        "sealed": True,
        "forgiven": 0,
        "target": 500,
        "withdrawn": 0,
        "reversals": [],
        **more,
    }


def at_stripe(status: str, payment_status: str) -> OrderAtStripe:
    session = {**ORDER.session(status, payment_status), "created": 1_795_000_000}
    facts = facts_of_retrieved_session(session, retrieved_at=1_795_000_000)
    assert facts is not None
    return OrderAtStripe(facts, session["created"])


@pytest.mark.parametrize(
    ("order", "found", "level", "said"),
    [
        (row("paid"), None, "ok", "Its 500 credits were posted"),
        (row("paid", credits_posted=0), None, "WRONG", "0 credits are posted instead of 500"),
        (
            row("paid", withdrawn=499, target=0, credits_posted=0, forgiven=500),
            None,
            "ok",
            "0 of 500 credits were taken back, 500 forgiven",
        ),
        (row("open"), None, "ok", "The checkout page is open"),
        (row("open"), at_stripe("open", "unpaid"), "ok", "The checkout page is open"),
        (row("open", checkout_session_id=None), None, "ok", "failed before it reached Stripe"),
        (row("open"), at_stripe("complete", "paid"), "WRONG", "paid at Stripe"),
        (row("open"), at_stripe("expired", "unpaid"), "note", "expired at Stripe"),
        (row("processing"), at_stripe("complete", "unpaid"), "ok", "a bank debit is pending"),
        (row("failed"), None, "ok", "the bank refused"),
        (row("expired", decline_code="expired_card"), None, "ok", "declined: expired_card"),
        (row("mismatch", currency_paid="jpy"), None, "WRONG", "asked for 499 JPY"),
        (
            row("mismatch", decision="rejected", decided_by="Ada", decided_because="no"),
            None,
            "note",
            "Rejected by Ada: no",
        ),
    ],
)
def test_every_state_has_its_sentence(
    order: dict[str, Any], found: OrderAtStripe | None, level: str, said: str
) -> None:
    finding = explain(order, found)
    assert finding.level == level
    assert said in finding.sentence
    assert bool(finding.remedy) == (level == "WRONG" or "at Stripe" in finding.sentence)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"), [(499, "usd", "4.99 USD"), (123456, "jpy", "123,456 JPY")]
)
def test_amounts_read_as_people_write_them(amount: int, currency: str, shown: str) -> None:
    assert money(amount, currency) == shown


def test_a_long_list_shows_its_beginning() -> None:
    text = show(Finding("WRONG", "So.", "Do this.", [str(number) for number in range(25)]))
    assert text.splitlines()[0] == "WRONG  So."
    assert "- 9" in text
    assert "- 10" not in text
    assert "- and 15 more" in text
    assert text.endswith("> Do this.")
