"""reversal_facts.py: Refunds and Disputes to the facts of a reversal."""

from __future__ import annotations

import pytest

from api._lib.payments.facts import facts_of_event
from api._lib.payments.reversal_facts import facts_of_dispute, facts_of_refund
from tests.support import Order, Reversal, event

ORDER = Order()
PROJECT = ORDER.project
REVERSAL = Reversal(ORDER)
REFUND = REVERSAL.refund_object(250)
DISPUTE = REVERSAL.dispute_object(499, "under_review", moves=1)


@pytest.mark.parametrize("status", ["pending", "succeeded", "canceled", "failed"])
def test_a_refund_counts_until_it_fails_or_is_cancelled(status: str) -> None:
    facts = facts_of_refund({**REFUND, "status": status}, livemode=False)
    assert facts == REVERSAL.refund(250, status)


@pytest.mark.parametrize("status", [None, "requires_action"])
def test_a_refund_under_way_counts_as_pending_does(status: str | None) -> None:
    facts = facts_of_refund({**REFUND, "status": status}, livemode=False)
    assert facts == {**REVERSAL.refund(250, "pending"), "status": status or "pending"}


def test_a_refund_is_live_if_its_event_is() -> None:
    facts = facts_of_refund(REFUND, livemode=True)
    assert facts is not None
    assert facts["livemode"] is True


@pytest.mark.parametrize(
    ("moved", "in_effect"),
    [([], False), ([-499], True), ([-499, 499], False), ([-499, 499, -499], True)],
)
def test_a_dispute_counts_while_its_money_is_gone(moved: list[int], *, in_effect: bool) -> None:
    dispute = {**DISPUTE, "balance_transactions": [{"amount": amount} for amount in moved]}
    facts = facts_of_dispute(dispute)
    expected = REVERSAL.dispute(499, moves=len(moved))
    assert facts == {**expected, "status": "under_review", "in_effect": in_effect}


def test_a_reversal_of_no_payment_intent_has_no_facts() -> None:
    assert facts_of_refund({**REFUND, "payment_intent": None}, livemode=False) is None
    assert facts_of_dispute({**DISPUTE, "payment_intent": None}) is None


@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "refund.failed"])
def test_the_refund_events_we_handle(type_: str) -> None:
    facts = facts_of_event(event(type_, REFUND, livemode=True), project=PROJECT)
    assert facts == {**REVERSAL.refund(250), "livemode": True}


@pytest.mark.parametrize(
    "type_",
    [
        "charge.dispute.created",
        "charge.dispute.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ],
)
def test_the_dispute_events_we_handle(type_: str) -> None:
    facts = facts_of_event(event(type_, DISPUTE, livemode=True), project=PROJECT)
    assert facts == REVERSAL.dispute(499, moves=1) | {"status": "under_review"}
