"""Disputes and inquiries: opened, won, lost and appealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn


def act(stand_in: StandIn, dispute: dict[str, Any], *actions: str) -> dict[str, Any]:
    """Take several steps of a dispute."""
    for action in actions:
        dispute = stand_in.sim(f"disputes/{dispute['id']}/{action}")
    return dispute


def movements(dispute: dict[str, Any]) -> list[int]:
    """Return the amounts of the dispute's balance transactions."""
    return [entry["amount"] for entry in dispute["balance_transactions"]]


def dispute_story(stand_in: StandIn, intent: str) -> list[str]:
    """The last words of the types of all events about a payment's disputes."""
    prefix = "charge.dispute."
    story = stand_in.story(intent)
    return [kind.removeprefix(prefix) for kind in story if kind.startswith(prefix)]


def test_a_card_is_disputed_before_its_session_completes(stand_in: StandIn) -> None:
    intent = stand_in.pay("4000 0000 0000 0259")
    assert stand_in.story(intent) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "checkout.session.completed",
        "charge.updated",
    ]
    dispute = stand_in.client.v1.disputes.list({"payment_intent": intent}).data[0]
    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 499)
    assert stand_in.charge(intent).disputed


def test_each_event_shows_the_money_as_it_stood(stand_in: StandIn) -> None:
    intent = stand_in.pay("4000 0000 0000 0259")
    told = [event for event in stand_in.events(intent) if "dispute" in event["type"]]
    assert [movements(event["data"]["object"]) for event in told] == [[], [-499]]


@pytest.mark.parametrize(
    ("inquiry", "actions", "status", "moved", "story"),
    [
        (False, (), "needs_response", [-499], "created funds_withdrawn"),
        (False, ("respond",), "under_review", [-499], "created funds_withdrawn updated"),
        (False, ("win",), "won", [-499, 499], "created funds_withdrawn funds_reinstated closed"),
        (False, ("lose",), "lost", [-499], "created funds_withdrawn closed"),
        (
            False,
            ("reinstate", "win"),
            "won",
            [-499, 499],
            "created funds_withdrawn funds_reinstated closed",
        ),
        (
            False,
            ("lose", "appeal", "respond", "win"),
            "won",
            [-499, 499],
            "created funds_withdrawn closed updated updated funds_reinstated closed",
        ),
        (
            False,
            ("win", "appeal", "withdraw", "lose"),
            "lost",
            [-499, 499, -499],
            "created funds_withdrawn funds_reinstated closed updated funds_withdrawn closed",
        ),
        (True, (), "warning_needs_response", [], "created"),
        (True, ("respond",), "warning_under_review", [], "created updated"),
        (True, ("close_inquiry",), "warning_closed", [], "created closed"),
        (
            True,
            ("escalate", "lose"),
            "lost",
            [-499],
            "created updated funds_withdrawn closed",
        ),
    ],
)
def test_a_case_takes_its_course(  # noqa: PLR0913 - a table of cases
    stand_in: StandIn,
    *,
    inquiry: bool,
    actions: tuple[str, ...],
    status: str,
    moved: list[int],
    story: str,
) -> None:
    intent = stand_in.pay()
    dispute = stand_in.sim("disputes", payment_intent=intent, inquiry=inquiry)
    dispute = act(stand_in, dispute, *actions)
    assert (dispute["status"], movements(dispute)) == (status, moved)
    assert dispute_story(stand_in, intent) == story.split()
    assert stand_in.client.v1.disputes.retrieve(dispute["id"]).status == status


@pytest.mark.parametrize(
    ("inquiry", "actions", "impossible"),
    [
        (False, (), "withdraw"),
        (False, (), "escalate"),
        (False, (), "appeal"),
        (False, ("win",), "win"),
        (False, ("win",), "reinstate"),
        (True, (), "withdraw"),
        (True, ("close_inquiry",), "escalate"),
        (False, (), "dance"),
    ],
)
def test_a_step_that_cannot_be_is_refused(
    stand_in: StandIn, *, inquiry: bool, actions: tuple[str, ...], impossible: str
) -> None:
    dispute = stand_in.sim("disputes", payment_intent=stand_in.pay(), inquiry=inquiry)
    act(stand_in, dispute, *actions)
    response = stand_in.http.post(f"/_sim/disputes/{dispute['id']}/{impossible}", json={})
    assert response.status_code == 400


def test_a_part_can_be_disputed_and_what_was_refunded_is_not(stand_in: StandIn) -> None:
    charge = stand_in.charge(stand_in.pay())
    assert stand_in.sim("disputes", charge=charge.id, amount=100)["amount"] == 100
    charge = stand_in.charge(stand_in.pay())
    stand_in.client.v1.refunds.create({"charge": charge.id, "amount": 99})
    dispute = stand_in.sim("disputes", charge=charge.id)
    assert (dispute["amount"], dispute["is_charge_refundable"]) == (400, False)


def test_a_charge_can_be_refunded_again_once_the_money_is_back(stand_in: StandIn) -> None:
    intent = stand_in.pay("4000 0000 0000 0259")
    found = stand_in.client.v1.disputes.list({"payment_intent": intent}).data[0]
    won = act(stand_in, {"id": found.id}, "win")
    assert won["is_charge_refundable"]
    assert stand_in.client.v1.refunds.create({"payment_intent": intent}).amount == 499


@pytest.mark.parametrize(
    "order",
    [{}, {"charge": "ch_nothing"}, {"amount": 500}, {"amount": 0}],
    ids=str,
)
def test_a_dispute_of_nothing_is_refused(stand_in: StandIn, order: dict[str, Any]) -> None:
    if "amount" in order:
        order = {**order, "payment_intent": stand_in.pay()}
    assert stand_in.http.post("/_sim/disputes", json=order).status_code == 400


def test_an_inquiry_card_only_asks(stand_in: StandIn) -> None:
    intent = stand_in.pay("4000 0000 0000 1976")
    dispute = stand_in.client.v1.disputes.list({"payment_intent": intent}).data[0]
    assert (dispute.status, dispute.balance_transactions) == ("warning_needs_response", [])
    assert dispute.payment_method_details is not None
    assert dispute.payment_method_details.card is not None
    assert dispute.payment_method_details.card.case_type == "inquiry"
