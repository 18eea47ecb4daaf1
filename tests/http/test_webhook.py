"""POST /api/webhook: signed, durable, idempotent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.stripe_events import Order, Reversal, event, sign

if TYPE_CHECKING:
    import psycopg

    from tests.support import RunningStack


def test_a_paid_session_is_applied_then_a_duplicate(stack: RunningStack) -> None:
    user = stack.sign_up()
    completed = event("checkout.session.completed", Order(user_id=user.id).session())
    outcomes = [stack.deliver(completed).json() for _ in range(2)]
    assert outcomes == [
        {"received": True, "outcome": "applied"},
        {"received": True, "outcome": "duplicate"},
    ]
    assert stack.balance_of(user) == 500


def test_two_events_for_one_payment_credit_once(stack: RunningStack) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    for _ in range(2):
        answer = stack.deliver(event("checkout.session.completed", order.session()))
        assert answer.json()["outcome"] == "applied"
    assert stack.balance_of(user) == 500


def test_a_delayed_payment_credits_when_it_succeeds(stack: RunningStack) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session("complete", "unpaid")))
    assert stack.balance_of(user) == 0
    stack.deliver(event("checkout.session.async_payment_succeeded", order.session()))
    assert stack.balance_of(user) == 500


@pytest.mark.parametrize(
    ("type_", "status", "shown"),
    [
        ("checkout.session.async_payment_failed", "complete", "failed"),
        ("checkout.session.expired", "expired", "expired"),
        ("checkout.session.completed", "complete", "processing"),
    ],
)
def test_what_is_not_paid_credits_nothing_and_says_so(
    stack: RunningStack, type_: str, status: str, shown: str
) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    answer = stack.deliver(event(type_, order.session(status, "unpaid")))
    assert answer.json()["outcome"] == "applied"
    body = stack.get(f"/api/credits?session_id={order.session_id}", headers=user.auth).json()
    assert (body["balance"], body["purchase"]["status"]) == (0, shown)


def test_a_decline_is_kept_for_support_and_leaves_the_order_open(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    order = Order()
    stack.deliver(event("payment_intent.payment_failed", order.declined_intent()))
    row = database.execute(
        "select status, decline_code from purchases where id = %s", [order.order_id]
    ).fetchone()
    assert row == {"status": "open", "decline_code": "insufficient_funds"}


@pytest.mark.parametrize("type_", ["charge.succeeded", "customer.created", "not.a.type"])
def test_other_events_are_logged_and_ignored(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]], type_: str
) -> None:
    other = event(type_, {"id": "ch_1", "receipt_email": "somebody@example.com"})
    assert stack.deliver(other).json() == {"received": True, "outcome": "ignored"}
    row = database.execute("select * from stripe_events where id = %s", [other["id"]]).fetchone()
    assert row is not None
    assert (row["type"], row["outcome"]) == (type_, "ignored")
    assert "somebody@example.com" not in str(row)


def test_a_session_of_another_integration_is_ignored(stack: RunningStack) -> None:
    session = {**Order().session(), "metadata": {"order_id": "12"}}
    answer = stack.deliver(event("checkout.session.completed", session))
    assert answer.json()["outcome"] == "ignored"


def test_an_order_edited_at_stripe_is_never_acknowledged(stack: RunningStack) -> None:
    """A 2xx would lose the payment silently. With a 500 the event shows as failing at Stripe."""
    order = Order()
    session = {**order.session(), "metadata": {**order.metadata, "purse_credits": "lots"}}
    answer = stack.deliver(event("checkout.session.completed", session))
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "event_not_recorded"


@pytest.mark.parametrize(
    ("type_", "damage"),
    [
        ("checkout.session.completed", {"amount_total": "499"}),
        ("checkout.session.completed", {"payment_intent": ["pi_1"]}),
        ("checkout.session.completed", {"currency": "half a \ud83d"}),
        ("refund.created", {"payment_intent": {}}),
        ("refund.created", {"status": "a status of tomorrow"}),
        ("charge.dispute.closed", {"balance_transactions": [{"amount": None}]}),
        ("charge.dispute.closed", {"amount": -1}),
    ],
)
def test_an_event_that_cannot_be_read_is_left_to_stripe_until_it_can(
    stack: RunningStack,
    database: psycopg.Connection[dict[str, Any]],
    type_: str,
    damage: dict[str, Any],
) -> None:
    order = Order()
    stripe_object = {
        "checkout.session.completed": order.session(),
        "refund.created": Reversal(order).refund_object(100),
        "charge.dispute.closed": Reversal(order).dispute_object(100, "lost", moves=1),
    }[type_]
    whole = event(type_, stripe_object)
    damaged = {**whole, "data": {"object": {**stripe_object, **damage}}}
    for _ in range(2):
        answer = stack.deliver(damaged)
        assert answer.status_code == 500
        assert answer.json()["error"] == {
            "code": "event_not_recorded",
            "message": "This event could not be recorded. Our log says why, under the event's id.",
        }
    log = database.execute("select * from stripe_events where id = %s", [whole["id"]]).fetchone()
    assert log is None
    assert stack.deliver(whole).json()["outcome"] == "applied"


def test_a_forged_signature_is_refused_and_changes_nothing(stack: RunningStack) -> None:
    user = stack.sign_up()
    body = json.dumps(
        event("checkout.session.completed", Order(user_id=user.id).session())
    ).encode()
    for header in (None, "t=1,v1=00", sign(body, "whsec_guess")):
        headers = {"Stripe-Signature": header} if header else {}
        answer = stack.post("/api/webhook", content=body, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "invalid_signature"
    assert stack.balance_of(user) == 0


def test_a_live_event_at_a_test_deployment_is_refused(stack: RunningStack) -> None:
    live = event("checkout.session.completed", Order().session(), livemode=True)
    answer = stack.deliver(live)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "wrong_livemode")


def test_a_body_over_a_megabyte_is_refused_unread(stack: RunningStack) -> None:
    answer = stack.post("/api/webhook", content=b" " * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b"\xff", b"[" * 50_000])
def test_signed_nonsense_is_refused(stack: RunningStack, body: bytes) -> None:
    headers = {"Stripe-Signature": sign(body, stack.stripe_webhook_secret)}
    answer = stack.post("/api/webhook", content=body, headers=headers)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"code", "message"}


@pytest.mark.parametrize("livemode", [True, False])
def test_an_event_of_a_connected_account_is_recorded_and_ignored(
    stack: RunningStack, *, livemode: bool
) -> None:
    """A live Connect endpoint receives its accounts' test events, too."""
    order = Order()
    told = event("checkout.session.completed", order.session(), account="acct_x", livemode=livemode)
    answer = stack.deliver(told)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "ignored")
    with stack.connect() as database:
        row = database.execute(
            "select outcome, account from stripe_events where id = %s", [told["id"]]
        ).fetchone()
        assert row == {"outcome": "ignored", "account": "acct_x"}
        assert (
            database.execute("select 1 from purchases where id = %s", [order.order_id]).fetchall()
            == []
        )


def test_an_account_that_is_no_id_makes_no_event(stack: RunningStack) -> None:
    answer = stack.deliver(event("x", {}, account=["acct_x"]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_event")
