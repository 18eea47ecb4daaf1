"""reversal_facts.py: Refunds and Disputes to the facts of a reversal."""

from __future__ import annotations

import pytest

from api._lib.payments.facts import facts_of_event
from api._lib.payments.reversal_facts import facts_of_dispute, facts_of_refund
from tests.stripe_events import Order, Reversal, event

ORDER = Order()
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


def movements(*moved: int, currency: str = "usd") -> list[dict[str, object]]:
    """Return balance transactions, one a second."""
    return [
        {"amount": amount, "currency": currency, "created": 1_700_000_000 + second}
        for second, amount in enumerate(moved)
    ]


@pytest.mark.parametrize(
    ("moved", "in_effect"),
    [
        ([], False),
        ([-499], True),
        ([-499, 499], False),
        ([-499, 499, -499], True),
        # The rate changed between the withdrawal and the return.
        ([-460, 455], False),
        ([-460, 470, -450], True),
        ([-460, 0], True),
    ],
)
def test_a_disputes_latest_movement_decides_not_the_sum(
    moved: list[int], *, in_effect: bool
) -> None:
    facts = facts_of_dispute({**DISPUTE, "balance_transactions": movements(*moved)})
    assert facts is not None
    assert facts["in_effect"] is in_effect


def test_the_latest_movement_is_told_by_its_time_then_by_its_place() -> None:
    withdrawn, returned = movements(-460, 455)
    for listed, in_effect in (
        ([returned, withdrawn], False),
        ([withdrawn, {**returned, "created": withdrawn["created"]}], False),
        ([{**returned, "created": withdrawn["created"]}, withdrawn], True),
    ):
        facts = facts_of_dispute({**DISPUTE, "balance_transactions": listed})
        assert facts is not None
        assert facts["in_effect"] is in_effect


@pytest.mark.parametrize("status", ["won", "prevented", "warning_closed"])
@pytest.mark.parametrize("moved", [[], [-499], [-460, 455], [-460, 455, -450]])
def test_a_dispute_that_ended_well_never_counts(status: str, moved: list[int]) -> None:
    facts = facts_of_dispute(
        {**DISPUTE, "status": status, "balance_transactions": movements(*moved)}
    )
    assert facts is not None
    assert facts["in_effect"] is False


@pytest.mark.parametrize(("moved", "in_effect"), [([], False), ([-499], True), ([-499, 499], True)])
def test_a_lost_dispute_counts_if_money_moved(moved: list[int], *, in_effect: bool) -> None:
    facts = facts_of_dispute(
        {**DISPUTE, "status": "lost", "balance_transactions": movements(*moved)}
    )
    assert facts is not None
    assert facts["in_effect"] is in_effect


def test_a_later_state_of_a_dispute_has_a_higher_rank() -> None:
    history = [
        ("warning_needs_response", []),
        ("warning_closed", []),
        ("needs_response", [-460]),
        ("under_review", [-460]),
        ("lost", [-460]),
        ("appeal_needs_response", [-460]),
        ("appeal_under_review", [-460]),
        ("won", [-460, 455]),
    ]
    ranks = []
    for status, moved in history:
        facts = facts_of_dispute(
            {**DISPUTE, "status": status, "balance_transactions": movements(*moved)}
        )
        assert facts is not None
        ranks.append(facts["rank"])
    assert ranks == sorted(set(ranks))


def test_a_dispute_says_what_was_withdrawn_in_which_currency_and_when_to_answer() -> None:
    dispute = {
        **DISPUTE,
        "amount": 375,
        "currency": "jpy",
        "balance_transactions": movements(-250, 245, currency="usd"),
    }
    facts = facts_of_dispute(dispute)
    assert facts is not None
    assert (facts["amount"], facts["currency"]) == (375, "jpy")
    assert (facts["settled_amount"], facts["settled_currency"]) == (250, "usd")
    assert facts["due_at"] == 1_700_604_800


@pytest.mark.parametrize("details", [None, {}, {"due_by": None}, {"due_by": "soon"}, []])
def test_a_dispute_may_have_no_due_date(details: object) -> None:
    facts = facts_of_dispute({**DISPUTE, "evidence_details": details})
    assert facts is not None
    assert facts["due_at"] is None


def test_a_refunds_own_movement_is_used_if_it_was_expanded() -> None:
    for movement, settled in (
        ("txn_x", (None, None)),
        (None, (None, None)),
        ({"amount": -250, "currency": "usd"}, (250, "usd")),
    ):
        facts = facts_of_refund({**REFUND, "balance_transaction": movement}, livemode=False)
        assert facts is not None
        assert (facts["settled_amount"], facts["settled_currency"]) == settled


def test_a_reversal_of_no_payment_intent_has_no_facts() -> None:
    assert facts_of_refund({**REFUND, "payment_intent": None}, livemode=False) is None
    assert facts_of_dispute({**DISPUTE, "payment_intent": None}) is None


@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "refund.failed"])
def test_the_refund_events_we_handle(type_: str) -> None:
    facts = facts_of_event(event(type_, REFUND, livemode=True))
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
    facts = facts_of_event(event(type_, DISPUTE, livemode=True))
    assert facts == REVERSAL.dispute(499, moves=1)


REQUEST_ID = "3f0f9a52-6a4b-4b8e-9a1d-5b1f2d3c4e5f"


@pytest.mark.parametrize(
    ("metadata", "request_id"),
    [
        ({"purse_refund_id": REQUEST_ID}, REQUEST_ID),
        ({"purse_refund_id": REQUEST_ID.upper()}, REQUEST_ID),
        ({"purse_refund_id": "somebody's note"}, None),
        ({"purse_refund_id": 7}, None),
        ({"ticket": "7"}, None),
        (None, None),
    ],
)
def test_a_refund_names_the_request_it_was_made_for(
    metadata: object, request_id: str | None
) -> None:
    facts = facts_of_refund({**REFUND, "metadata": metadata}, livemode=False)
    assert facts is not None
    assert facts["refund_request_id"] == request_id
