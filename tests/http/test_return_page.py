"""GET /api/credits?session_id= while the webhook is late: we ask Stripe, but not often."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests import shop
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from stripe.params.checkout import SessionCreateParams

    from tests.support import RunningStack, User

ASKED = "select looked_up_at from stripe_lookups where user_id = %s"


@pytest.fixture(autouse=True)
def _no_webhooks(stack: RunningStack) -> Iterator[None]:
    with shop.no_webhooks(stack):
        yield


def look(stack: RunningStack, user: User, session_id: str) -> dict[str, Any]:
    answer = stack.get(f"/api/credits?session_id={session_id}", headers=user.auth)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def foreign_session(stack: RunningStack, metadata: dict[str, str]) -> str:
    """Open a Checkout Session that this shop did not begin; return its id."""
    params: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 499,
                    "product_data": {"name": "A hat"},
                },
            }
        ],
        "success_url": "https://hats.example.com/thanks",
        "metadata": metadata,
    }
    session = shop.stripe_client(stack).v1.checkout.sessions.create(params)
    return session.id


def test_a_payment_is_credited_without_any_webhook(stack: RunningStack) -> None:
    user = stack.sign_up()
    body = look(stack, user, shop.buy(stack, user))
    assert body["balance"] == 500
    assert body["purchase"]["status"] == "paid"
    assert (body["purchase"]["credited"], body["purchase"]["refunded"]) == (500, 0)
    assert body["purchase"]["order_id"] == body["transactions"][0]["order_id"]


def test_the_webhook_that_comes_after_all_changes_nothing(stack: RunningStack) -> None:
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    look(stack, user, session_id)
    session = shop.stripe_client(stack).v1.checkout.sessions.retrieve(session_id)
    stack.deliver(event("checkout.session.completed", session.to_dict()))
    assert stack.balance_of(user) == 500


def test_an_order_the_database_has_lost_is_found_at_stripe(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    database.execute("delete from purchases where checkout_session_id = %s", [session_id])
    assert look(stack, user, session_id)["purchase"]["credited"] == 500


def test_anothers_session_moves_nothing(stack: RunningStack) -> None:
    buyer, stranger = stack.sign_up(), stack.sign_up()
    session_id = shop.buy(stack, buyer)
    body = look(stack, stranger, session_id)
    assert (body["balance"], body["purchase"]) == (0, None)
    assert stack.balance_of(buyer) == 0
    assert shop.purchase(stack, session_id)["status"] == "open"


@pytest.mark.parametrize("known", [True, False])
def test_a_purse_that_moved_meets_its_payment_without_any_webhook(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]], *, known: bool
) -> None:
    """Stripe's metadata still names the guest who ordered."""
    guest, owner, stranger = (stack.sign_up() for _ in range(3))
    session_id = shop.buy(stack, guest)
    database.execute("select move_purse(%s, %s, 'ann', 'signed in')", [guest.id, owner.id])
    if not known:
        database.execute("delete from purchases where checkout_session_id = %s", [session_id])
    assert look(stack, stranger, session_id)["purchase"] is None
    assert stack.balance_of(owner) == 0
    body = look(stack, owner, session_id)
    assert (body["balance"], body["purchase"]["status"]) == (500, "paid")


def test_the_guest_who_returns_to_the_page_sees_the_credits_at_the_new_owner(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    guest, owner = stack.sign_up(), stack.sign_up()
    session_id = shop.buy(stack, guest)
    database.execute("select move_purse(%s, %s, 'ann', 'signed in')", [guest.id, owner.id])
    assert look(stack, guest, session_id)["balance"] == 0
    assert stack.balance_of(owner) == 500


def test_of_many_at_once_one_asks_stripe(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    """Only the first call fails, so a second call would have found the payment."""
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    with (
        shop.trouble(stack, fail_next=1, status=500, path="/v1/checkout/sessions/"),
        ThreadPoolExecutor(8) as pool,
    ):
        bodies = list(pool.map(lambda _: look(stack, user, session_id), range(8)))
    assert {body["purchase"]["status"] for body in bodies} == {"open"}
    database.execute(
        "update stripe_lookups set looked_up_at = looked_up_at - interval '1 minute'"
        " where user_id = %s",
        [user.id],
    )
    assert look(stack, user, session_id)["balance"] == 500


def test_a_settled_purchase_asks_nobody(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session()))
    look(stack, user, order.session_id)
    assert database.execute(ASKED, [user.id]).fetchone() is None


def test_without_a_session_nobody_is_asked(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    user = stack.sign_up()
    stack.balance_of(user)
    assert database.execute(ASKED, [user.id]).fetchone() is None


@pytest.mark.parametrize("status", [429, 500])
def test_stripe_failing_does_not_fail_the_balance(stack: RunningStack, status: int) -> None:
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    with shop.trouble(stack, fail_next=1, status=status, path="/v1/checkout/sessions/"):
        assert look(stack, user, session_id)["purchase"]["status"] == "open"


def test_stripe_hanging_holds_the_balance_up_for_seconds_at_most(stack: RunningStack) -> None:
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    with shop.trouble(stack, delay_seconds=15):
        started_at = time.monotonic()
        assert look(stack, user, session_id)["purchase"]["status"] == "open"
        assert time.monotonic() - started_at < 8


def test_a_session_stripe_does_not_know_is_nobodys(stack: RunningStack) -> None:
    body = look(stack, stack.sign_up(), "cs_test_unheard_of")
    assert (body["purchase"], body["purchase_lookup"]) == (None, "not_found")


def test_an_order_that_stripe_does_not_know_stays_its_buyers(stack: RunningStack) -> None:
    user, stranger = stack.sign_up(), stack.sign_up()
    session_id = shop.begin_elsewhere(stack, user)
    body = look(stack, user, session_id)
    assert (body["purchase"]["status"], body["purchase_lookup"]) == ("open", "unknown_to_stripe")
    assert look(stack, stranger, session_id)["purchase_lookup"] == "not_found"


def test_anothers_session_is_told_once_stripe_was_asked(stack: RunningStack) -> None:
    session_id = shop.buy(stack, stack.sign_up())
    stranger = stack.sign_up()
    assert look(stack, stranger, session_id)["purchase_lookup"] == "not_found"
    assert look(stack, stranger, session_id)["purchase_lookup"] == "pending"


def test_a_session_of_another_app_at_the_same_stripe_account_is_not_found(
    stack: RunningStack,
) -> None:
    session_id = foreign_session(stack, {})
    assert look(stack, stack.sign_up(), session_id)["purchase_lookup"] == "not_found"


def test_an_order_of_another_ledger_is_not_found(stack: RunningStack) -> None:
    """Stripe's metadata names this user, but the database ignores another ledger's order."""
    user = stack.sign_up()
    order = Order(user_id=user.id, ledger_id="11111111-1111-4111-8111-111111111111")
    body = look(stack, user, foreign_session(stack, order.metadata))
    assert (body["purchase"], body["purchase_lookup"]) == (None, "not_found")


@pytest.mark.parametrize("status", [429, 500])
def test_a_lookup_that_stripe_did_not_answer_is_not_final(stack: RunningStack, status: int) -> None:
    user = stack.sign_up()
    with shop.trouble(stack, fail_next=1, status=status, path="/v1/checkout/sessions/"):
        body = look(stack, user, "cs_test_unheard_of")
    assert (body["purchase"], body["purchase_lookup"]) == (None, "stripe_unavailable")


def test_an_open_session_says_where_it_can_be_paid(stack: RunningStack) -> None:
    user = stack.sign_up()
    session_id = shop.begin(stack, user)
    purchase = look(stack, user, session_id)["purchase"]
    assert (purchase["status"], purchase["decline_code"]) == ("open", None)
    assert purchase["checkout_url"] == f"{stack.stripe_api_base}/c/pay/{session_id}"
    # Stripe is not asked again so soon, and the database does not know whether it is still open.
    assert look(stack, user, session_id)["purchase"]["checkout_url"] is None


def test_a_paid_purchase_names_its_receipt_and_no_payment_page(stack: RunningStack) -> None:
    user = stack.sign_up()
    body = look(stack, user, shop.buy(stack, user))
    (bought,) = body["transactions"]
    assert body["purchase_lookup"] == "found"
    assert body["purchase"]["receipt"] == bought["receipt"] is not None
    assert (body["purchase"]["invoice"], body["purchase"]["checkout_url"]) == (None, None)


def test_a_declined_payment_says_why(stack: RunningStack) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session("open", "unpaid")))
    intent = {
        "id": f"pi_{order.suffix}",
        "object": "payment_intent",
        "livemode": False,
        "customer": None,
        "metadata": order.metadata,
        "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds"},
    }
    stack.deliver(event("payment_intent.payment_failed", intent))
    assert look(stack, user, order.session_id)["purchase"]["decline_code"] == "insufficient_funds"


def test_a_bank_debit_is_processing_then_failed(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    user = stack.sign_up()
    session_id = shop.begin(stack, user)
    shop.pay_by_bank(stack, session_id)
    assert look(stack, user, session_id)["purchase"]["status"] == "processing"
    stack.simulate(f"sessions/{session_id}/settle", outcome="failed")
    database.execute("delete from stripe_lookups where user_id = %s", [user.id])
    assert look(stack, user, session_id)["purchase"]["status"] == "failed"


def test_a_bank_debit_that_failed_says_why_without_any_webhook(stack: RunningStack) -> None:
    user = stack.sign_up()
    session_id = shop.begin(stack, user)
    shop.pay_by_bank(stack, session_id)
    stack.simulate(f"sessions/{session_id}/settle", outcome="failed")
    purchase = look(stack, user, session_id)["purchase"]
    assert (purchase["status"], purchase["decline_code"]) == ("failed", "insufficient_funds")
    assert shop.purchase(stack, session_id)["declined_at"] is None


def test_a_refund_says_why_a_paid_purchase_is_not_credited(stack: RunningStack) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session()))
    refund = {
        "id": f"re_{order.suffix}",
        "object": "refund",
        "payment_intent": f"pi_{order.suffix}",
        "amount": 499,
        "currency": "usd",
        "status": "succeeded",
        "created": int(time.time()),
    }
    stack.deliver(event("refund.created", refund))
    shown = look(stack, user, order.session_id)["purchase"]
    assert (shown["status"], shown["credited"], shown["refunded"]) == ("paid", 0, 499)
