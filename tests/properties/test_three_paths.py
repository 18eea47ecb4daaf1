"""Webhook, return page and reconciliation, all at once and each unreliable: one balance in the end.

People buy, are refunded and dispute at the Stripe stand-in, which drops, doubles and loses what it
delivers. Then the three ways in which Stripe's word reaches the ledger run at the same moment. What
must come out is read off Stripe's own objects, by a model that knows nothing of events.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import ceil
from typing import TYPE_CHECKING, Any

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests import shop
from tests.profiles import examples

if TYPE_CHECKING:
    from tests.support import RunningStack

PURCHASES = st.fixed_dictionaries(
    {
        "package": st.sampled_from(["starter", "creator"]),
        "bank": st.sampled_from([None, None, None, "succeeded", "failed", "pending"]),
        "refunds": st.lists(st.integers(1, 160), max_size=3),
        "failing_refund": st.booleans(),
        "dispute": st.sampled_from([None, None, ["win"], ["lose"], []]),
    }
)
TROUBLE = st.fixed_dictionaries(
    {
        "drop_next": st.integers(0, 12),
        "lose_next": st.integers(0, 6),
        "duplicate": st.integers(1, 3),
    }
)


@settings(max_examples=examples(cost=80))
@given(purchases=st.lists(PURCHASES, min_size=1, max_size=3), trouble=TROUBLE)
def test_three_unreliable_paths_at_once_end_in_what_stripe_has(
    stack: RunningStack, purchases: list[dict[str, Any]], trouble: dict[str, int]
) -> None:
    user = stack.sign_up()
    try:
        stack.simulate("webhooks", **trouble)
        sessions = [_happen(stack, user, purchase) for purchase in purchases]
    finally:
        stack.simulate("webhooks", drop_next=0, lose_next=0, duplicate=1)

    def webhook(session_id: str) -> None:
        for event in _events_about(stack, session_id):
            stack.simulate("webhooks/replay", event=event)

    def return_page(session_id: str) -> None:
        answer = stack.get(f"/api/credits?session_id={session_id}", headers=user.auth)
        assert answer.status_code == 200

    def reconcile(_session_id: str) -> None:
        assert stack.scheduled("/api/reconcile").status_code == 200

    with ThreadPoolExecutor(6) as pool:
        paths = [webhook, return_page, reconcile]
        list(pool.map(lambda job: job[0](job[1]), [(p, s) for s in sessions for p in paths]))

    reconcile("")
    due = [_credits_due(stack, session_id) for session_id in sessions]
    note(f"credits due by Stripe's objects: {due}")
    assert stack.balance_of(user) == sum(due)
    assert [shop.purchase(stack, session_id)["credits_posted"] for session_id in sessions] == due


def _happen(stack: RunningStack, user: Any, purchase: dict[str, Any]) -> str:
    session_id = shop.begin(stack, user, purchase["package"])
    if purchase["bank"] is None:
        shop.pay(stack, session_id)
    else:
        shop.pay_by_bank(stack, session_id)
        if purchase["bank"] != "pending":
            stack.simulate(f"sessions/{session_id}/settle", outcome=purchase["bank"])
    if purchase["bank"] in {"failed", "pending"}:
        return session_id
    payment = shop.payment_of(stack, session_id)
    for amount in purchase["refunds"]:
        _refund(stack, payment, amount, fails=purchase["failing_refund"])
    # A charge whose money went back whole cannot be disputed, nor a disputed one refunded.
    if purchase["dispute"] is not None:
        stack.simulate("disputes", payment_intent=payment)
        disputes = shop.stripe_client(stack).v1.disputes.list({"payment_intent": payment})
        for action in purchase["dispute"]:
            stack.simulate(f"disputes/{disputes.data[0].id}/{action}")
    return session_id


def _refund(stack: RunningStack, payment: str, amount: int, *, fails: bool) -> None:
    stack.simulate("refunds", payment_intent=payment, amount=amount)
    if fails:
        refunds = shop.stripe_client(stack).v1.refunds.list({"payment_intent": payment})
        stack.simulate(f"refunds/{refunds.data[0].id}/settle", outcome="failed")


def _events_about(stack: RunningStack, session_id: str) -> list[str]:
    """Return the ids of the events that name the session or its payment."""
    client = shop.stripe_client(stack)
    session = client.v1.checkout.sessions.retrieve(session_id)
    events = client.v1.events.list({"limit": 100})
    names = {session_id, str(session.payment_intent)}
    return [event.id for event in events.data if names & set(_values(event.data.object.to_dict()))]


def _values(stripe_object: dict[str, Any]) -> list[Any]:
    return [value for value in stripe_object.values() if isinstance(value, str)]


def _credits_due(stack: RunningStack, session_id: str) -> int:
    """The model: what a session is worth, by Stripe's own objects."""
    client = shop.stripe_client(stack)
    session = client.v1.checkout.sessions.retrieve(session_id)
    if session.payment_status != "paid":
        return 0
    payment = {"payment_intent": str(session.payment_intent)}
    refunded = sum(
        refund.amount
        for refund in client.v1.refunds.list(payment).data
        if refund.status in {"pending", "succeeded"}
    )
    disputed = sum(
        dispute.amount
        for dispute in client.v1.disputes.list(payment).data
        if sum(entry.amount for entry in dispute.balance_transactions) < 0
    )
    assert session.metadata is not None
    assert session.amount_total is not None
    credits_bought = int(session.metadata["purse_credits"])
    withdrawn = min(session.amount_total, refunded + disputed)
    return credits_bought - ceil(credits_bought * withdrawn / session.amount_total)
