"""GET /api/reconcile: finds at Stripe what the webhook missed, and settles it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from tests import shop
from tests.stripe_events import Order

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.support import RunningStack

    Database = psycopg.Connection[dict[str, Any]]


@pytest.fixture(autouse=True)
def _no_webhooks(stack: RunningStack) -> Iterator[None]:
    with shop.no_webhooks(stack):
        yield


def reconcile(stack: RunningStack) -> dict[str, Any]:
    answer = stack.scheduled("/api/reconcile")
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    assert report["complete"]
    return report


def test_payments_without_webhooks_are_credited_and_a_second_run_finds_nothing_to_do(
    stack: RunningStack,
) -> None:
    reconcile(stack)
    users = [stack.sign_up() for _ in range(3)]
    for user in users:
        shop.buy(stack, user)
    report = reconcile(stack)
    assert (report["repaired"], report["mismatched"], report["refused"]) == (3, 0, 0)
    assert [stack.balance_of(user) for user in users] == [500] * 3
    assert reconcile(stack)["repaired"] == 0


def test_an_order_the_database_has_lost_comes_back_whole(
    stack: RunningStack, database: Database
) -> None:
    user = stack.sign_up()
    session_id = shop.buy(stack, user, "creator")
    before = shop.purchase(stack, session_id)
    database.execute("delete from purchases where id = %s", [before["id"]])
    reconcile(stack)
    after = shop.purchase(stack, session_id)
    for column in ("id", "user_id", "package_id", "credits", "unit_amount", "currency"):
        assert after[column] == before[column]
    assert (after["status"], stack.balance_of(user)) == ("paid", 1500)
    charged_at = shop.stripe_client(stack).v1.charges.list(
        {"payment_intent": after["payment_intent_id"]}
    )
    assert after["paid_at"].timestamp() == charged_at.data[0].created


def test_a_refund_and_a_dispute_are_found(stack: RunningStack) -> None:
    refunded, disputed = stack.sign_up(), stack.sign_up()
    shop.refund(stack, shop.buy(stack, refunded), 499)
    payment = shop.payment_of(stack, shop.buy(stack, disputed))
    stack.simulate("disputes", payment_intent=payment)
    reconcile(stack)
    assert (stack.balance_of(refunded), stack.balance_of(disputed)) == (0, 0)


def test_a_bank_debit_that_failed_is_failed(stack: RunningStack) -> None:
    """The session itself looks the same as while the payment was processing."""
    session_id = shop.begin(stack, stack.sign_up())
    shop.pay_by_bank(stack, session_id)
    reconcile(stack)
    assert shop.purchase(stack, session_id)["status"] == "processing"
    stack.simulate(f"sessions/{session_id}/settle", outcome="failed")
    reconcile(stack)
    assert shop.purchase(stack, session_id)["status"] == "failed"


def test_an_old_order_that_was_paid_late_is_still_followed(
    stack: RunningStack, database: Database
) -> None:
    """Its session is older than the last run, so only our row leads to it."""
    user = stack.sign_up()
    session_id = shop.begin(stack, user)
    shop.pay_by_bank(stack, session_id)
    reconcile(stack)
    database.execute(
        "update purchases set created_at = now() - interval '10 days'"
        " where checkout_session_id = %s",
        [session_id],
    )
    # As if the last run had been long after the session was created.
    database.execute("update reconciliations set reached_at = now() + interval '5 days'")
    stack.simulate(f"sessions/{session_id}/settle", outcome="succeeded")
    reconcile(stack)
    database.execute("update reconciliations set reached_at = null")
    assert stack.balance_of(user) == 500


def test_a_payment_that_is_not_what_was_ordered_waits_for_a_person(
    stack: RunningStack, database: Database
) -> None:
    reconcile(stack)
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    # The order was for more than its session asked for.
    database.execute(
        "update purchases set unit_amount = 999 where checkout_session_id = %s", [session_id]
    )
    report = reconcile(stack)
    assert (report["repaired"], report["mismatched"], stack.balance_of(user)) == (0, 1, 0)
    database.execute(
        "select purse.decide_mismatch(id, true, 'Ada', 'our mistake')"
        " from purchases where checkout_session_id = %s",
        [session_id],
    )
    assert stack.balance_of(user) == 500
    assert reconcile(stack)["mismatched"] == 0


def test_one_order_that_is_refused_holds_up_no_other(
    stack: RunningStack, database: Database
) -> None:
    thief, user = stack.sign_up(), stack.sign_up()
    stolen = shop.buy(stack, stack.sign_up())
    database.execute(
        "update purchases set user_id = %s where checkout_session_id = %s", [thief.id, stolen]
    )
    shop.buy(stack, user)
    answer = stack.scheduled("/api/reconcile")
    # The scheduler shows a run as failed by its status.
    assert answer.status_code == 500
    report = answer.json()
    assert (report["refused"], report["complete"]) == (1, True)
    assert (stack.balance_of(user), stack.balance_of(thief)) == (500, 0)
    database.execute("delete from purchases where checkout_session_id = %s", [stolen])


def test_a_run_that_was_cut_short_goes_on_where_it_was(
    stack: RunningStack, database: Database
) -> None:
    reconcile(stack)
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    shop.refund(stack, session_id, 100)
    with shop.trouble(stack, fail_next=3, status=500, path="/v1/checkout/sessions"):
        assert stack.scheduled("/api/reconcile").status_code == 502
    assert stack.balance_of(user) == 0
    row = database.execute("select step, started_at from reconciliations").fetchone()
    assert row is not None
    assert (row["step"], row["started_at"] is not None) == ("sessions", True)
    reconcile(stack)
    # 500 * 100 / 499, rounded against the buyer.
    assert stack.balance_of(user) == 500 - 101
    row = database.execute("select step, started_at from reconciliations").fetchone()
    assert row == {"step": None, "started_at": None}


def test_a_refund_does_not_wait_for_a_run_that_is_still_listing_sessions(
    stack: RunningStack, database: Database
) -> None:
    """Somebody began so many checkouts that the present run does not get through their sessions."""
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    reconcile(stack)
    database.execute("update reconciliations set started_at = now(), step = 'sessions'")
    shop.refund(stack, session_id, 499)
    with shop.trouble(stack, fail_next=3, status=500, path="/v1/checkout/sessions"):
        assert stack.scheduled("/api/reconcile").status_code == 502
    assert stack.balance_of(user) == 0
    reconcile(stack)


def test_where_a_run_stopped_may_be_gone(stack: RunningStack, database: Database) -> None:
    """All test data was deleted at Stripe."""
    reconcile(stack)
    user = stack.sign_up()
    shop.buy(stack, user)
    database.execute(
        "update reconciliations set started_at = now(), step = 'sessions', after_id = 'cs_test_no'"
    )
    reconcile(stack)
    assert stack.balance_of(user) == 500


def test_everything_is_looked_at_when_there_was_no_run_before(
    stack: RunningStack, database: Database
) -> None:
    """More orders than fit on one page."""
    client = shop.stripe_client(stack)
    user = stack.sign_up()
    orders = [Order(user_id=user.id) for _ in range(101)]
    for order in orders:
        client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "success_url": stack.site_url,
                "line_items": [
                    {
                        "quantity": 1,
                        "price_data": {
                            "currency": "usd",
                            "unit_amount": 499,
                            "product_data": {"name": "Starter"},
                        },
                    }
                ],
                "metadata": order.metadata,
            }
        )
    database.execute("update reconciliations set reached_at = null")
    assert reconcile(stack)["found"] >= 101
    row = database.execute(
        "select count(*) from purchases where user_id = %s", [user.id]
    ).fetchone()
    assert row == {"count": 101}
    for order in orders:
        database.execute("select record_facts(%s)", [Jsonb(order.facts("expired"))])


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer no", "Basic x", "Bearer \xff"])
def test_only_the_scheduler_may_call(stack: RunningStack, authorization: str | None) -> None:
    headers = {"Authorization": authorization.encode("latin-1")} if authorization else {}
    answer = stack.get("/api/reconcile", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_stripe_away_is_502_and_nothing_is_lost(stack: RunningStack) -> None:
    with shop.trouble(stack, fail_next=3, status=500):
        answer = stack.scheduled("/api/reconcile")
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "stripe_failed")
    started_at = time.monotonic()
    reconcile(stack)
    assert time.monotonic() - started_at < 10
