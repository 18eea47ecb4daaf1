"""make doctor finds each fault that we cause on purpose, and nothing else."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from api._lib.payments.facts import EVENTS
from tests import shop
from tests.stripe_events import Order, event
from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ops.conftest import Operator


# An event on its way to an endpoint, and how to be rid of both.
ON_ITS_WAY = """
    with endpoint as (insert into outbox_endpoints (name) values ('app') returning name),
    event as (
        insert into outbox_events (type, fact, data) values ('doctor.failed', 'a test', '{{}}')
        returning id
    )
    insert into outbox_deliveries (endpoint, event_id, user_id, begun_at, parked_at)
    select endpoint.name, event.id, gen_random_uuid(), {begun_at}, {parked_at} from endpoint, event
"""
NOT_ON_ITS_WAY = """
    with deliveries as (delete from outbox_deliveries),
    events as (delete from outbox_events where fact = 'a test')
    delete from outbox_endpoints
"""


@contextmanager
def fault(operator: Operator, cause: str, mend: str) -> Iterator[None]:
    """Cause a fault for as long as the block lasts."""
    operator.tamper(cause)
    try:
        yield
    finally:
        operator.tamper(mend)


def wrong(operator: Operator, **environ: str) -> str:
    """Run doctor, which must find a problem; return its output from there on."""
    outcome = operator.run("doctor", **environ)
    assert outcome.status == 1, outcome.text
    return " ".join(outcome.text[outcome.text.index("WRONG") :].split())


def well(operator: Operator) -> str:
    outcome = operator.run("doctor")
    assert outcome.status == 0, outcome.text
    assert outcome.text.endswith("Nothing is wrong.\n")
    return outcome.text


@pytest.fixture(autouse=True)
def _a_purchase(operator: Operator) -> None:
    """One purchase, so there is something to check."""
    shop.buy(operator.stack, operator.stack.sign_up())


def test_nothing_is_wrong_with_a_stack_that_works(operator: Operator) -> None:
    outcome = operator.run_anew("doctor")
    assert outcome.status == 0, outcome.text
    text = well(operator)
    said = (
        "sum of its transactions",
        "granted as sql/ says",
        "webhook accepts",
        "events to",
        "bucket",
    )
    for part in said:
        assert part in text


@pytest.mark.parametrize(
    ("cause", "mend", "said"),
    [
        (
            "update user_credits set balance = balance + 7",
            "update user_credits set balance = balance - 7",
            ("A balance is not the sum", "purse.rewrite_account", "balance 507, transactions 500"),
        ),
        (
            "update credit_transactions set amount = amount + 7",
            "update credit_transactions set amount = amount - 7",
            ("A balance is not the sum", "says 500, has 507"),
        ),
        (
            "update credit_lot_rows set remaining = remaining + 7",
            "update credit_lot_rows set remaining = remaining - 7",
            ("not the sum of its lots", "purse.rewrite_account", "balance 500, lots 507"),
        ),
        (
            "update user_credits set held = held + 7",
            "update user_credits set held = held - 7",
            ("what is held is not what holds", "held 7, in lots 0, by holds 0"),
        ),
        (
            # Of an account that does not exist, with rows that add up to nothing.
            """
            insert into credit_transactions (
                user_id, kind, amount, balance_after, lots, actor, reason
            )
            select t.user_id, 'correction', change, 0, '{}', 'ann', 'why'
            from unnest(array[7, -7]) change, gen_random_uuid() t (user_id)
            """,
            "delete from credit_transactions where kind = 'correction'",
            ("A balance is not the sum", "balance 0, transactions 0"),
        ),
        (
            "update user_credits set next_lot_id = null, next_lot_free = 7",
            "update user_credits set next_lot_free = null",
            ("noted are 7 credits of lot none, first is lot", "purse.rewrite_account"),
        ),
        (
            """
            insert into credit_holds (
                user_id, feature, quantity, credits, lots, idempotency_key, status, expires_at,
                ended_at
            )
            select user_id, 'f', 1, 1, '{}', 'k', 'released', now(), now() from user_credits
            """,
            "delete from credit_holds",
            (
                "hold would be overlooked",
                "purse.rewrite_account",
                "has_held false, next look never",
            ),
        ),
        (
            """
            insert into credit_holds (
                user_id, feature, quantity, credits, lots, idempotency_key, status, expires_at,
                ended_at
            )
            select gen_random_uuid(), 'f', 1, 1, '{}', 'k', 'released', now(), now()
            """,
            "delete from credit_holds",
            ("hold would be overlooked", "has_held false, next look never"),
        ),
        (
            """
            insert into credit_transactions (
                user_id, kind, amount, balance_after, lots, reverses_id, actor, reason
            )
            select user_id, 'reversal', 7, 0, '{}', -5, 'ann', 'why' from user_credits limit 1
            """,
            "delete from credit_transactions where kind = 'reversal'",
            ("undoes no spend", "'correction'", "7 credits"),
        ),
        (
            "update purchases set credits_posted = credits_posted - 7 where credits_posted > 0",
            "update purchases set credits_posted = credits_posted + 7 where credits_posted > 0",
            ("somebody changed it by hand", "493 posted, 500 called for", "settle_purchase"),
        ),
        (
            "update purchases set amount_subtotal = amount_subtotal + 1",
            "update purchases set amount_subtotal = amount_subtotal - 1",
            ("not what was ordered", "ordered 4.99 USD, Stripe asked for 5.00 USD", "decide_mis"),
        ),
        (
            "alter table purchases disable row level security",
            "alter table purchases enable row level security",
            ("purchases: row level security is off",),
        ),
        (
            "grant update on user_credits to authenticated",
            "revoke update on user_credits from authenticated",
            ("authenticated may update", "revoke update on user_credits from authenticated;"),
        ),
        (
            "grant execute on function record_facts to anon",
            "revoke execute on function record_facts from anon",
            ("record_facts(): anon may call it; revoke execute",),
        ),
        (
            "revoke execute on function refresh_credits from service_role",
            "grant execute on function refresh_credits to service_role",
            ("refresh_credits(): service_role may not call it; grant execute",),
        ),
        (
            "grant usage on schema purse to anon",
            "revoke usage on schema purse from anon",
            ("purse: anon may use it; revoke all on schema purse from anon;",),
        ),
        (
            "grant execute on function purse.settle_purchase to service_role",
            "revoke execute on function purse.settle_purchase from service_role",
            ("purse.settle_purchase(): service_role may call it; revoke execute",),
        ),
        (
            "alter function refresh_credits rename to refresh_credit",
            "alter function refresh_credit rename to refresh_credits",
            ("refresh_credits(): is missing; make migrate",),
        ),
        (
            "update stripe_events set deliveries = deliveries + 9",
            "update stripe_events set deliveries = deliveries - 9",
            ("again and again", "checkout.session.completed: 10 times"),
        ),
        (
            "insert into reconciliations values (false, now(), now() - interval '5 days')",
            "delete from reconciliations",
            ("The last complete reconciliation was 5 days ago",),
        ),
        (
            ON_ITS_WAY.format(begun_at="now()", parked_at="now()"),
            NOT_ON_ITS_WAY,
            ("Events were given up", "app: 1 event", "select replay_events('app'"),
        ),
        (
            ON_ITS_WAY.format(begun_at="now() - interval '2 days'", parked_at="null"),
            NOT_ON_ITS_WAY,
            ("Events wait for more than a day", "app: 1 event, last attempt: none"),
        ),
    ],
)
def test_it_finds(operator: Operator, cause: str, mend: str, said: tuple[str, ...]) -> None:
    with fault(operator, cause, mend):
        found = wrong(operator)
    for part in said:
        assert part in found
    well(operator)


def test_it_finds_a_payment_whose_webhook_was_lost_and_the_remedy_is_one(
    operator: Operator,
) -> None:
    with shop.no_webhooks(operator.stack):
        user = operator.stack.sign_up()
        session_id = shop.buy(operator.stack, user)
    found = wrong(operator)
    order_id = shop.purchase(operator.stack, session_id)["id"]
    assert f"order {order_id}: 0 credits here, 500 according to Stripe (paid)" in found
    (since,) = re.findall(r"make reconcile SINCE=([0-9-]+)", found)
    outcome = operator.run("reconcile", "--since", since)
    assert outcome.status == 0, outcome.text
    assert operator.stack.balance_of(user) == 500
    well(operator)


def test_it_finds_a_refund_whose_webhook_was_lost(operator: Operator) -> None:
    session_id = shop.buy(operator.stack, operator.stack.sign_up())
    with shop.no_webhooks(operator.stack):
        shop.refund(operator.stack, session_id, 499)
    assert "500 credits here, 0 according to Stripe" in wrong(operator)
    operator.run("reconcile")
    well(operator)


def test_it_finds_a_refund_that_does_not_end_and_reconcile_ends_it(operator: Operator) -> None:
    stack = operator.stack
    order_id = shop.purchase(stack, shop.buy(stack, stack.sign_up()))["id"]
    with operator.superuser() as database:
        begun = database.execute(
            "select begin_refund(%s, 'ann', 'asked by mail', 'never-asked') as refund", [order_id]
        ).fetchone()
    assert begun is not None
    refund_id = begun["refund"]["refund_id"]
    assert refund_id not in well(operator)  # it is less than an hour old
    operator.tamper("update refund_requests set created_at = now() - interval '61 minutes'")
    found = wrong(operator)
    assert "A refund began more than an hour ago" in found
    assert f"refund {refund_id}, order {order_id}: 4.99 USD, begun " in found
    assert ", 0 attempts > make reconcile;" in found
    outcome = operator.run("reconcile")
    assert outcome.status == 0, outcome.text
    well(operator)


def test_reconcile_says_that_a_refund_is_not_finished(operator: Operator) -> None:
    stack = operator.stack
    order_id = shop.purchase(stack, shop.buy(stack, stack.sign_up()))["id"]
    with operator.superuser() as database:
        database.execute("select begin_refund(%s, 'ann', 'asked', 'fails-once')", [order_id])
    # Reconciliation lists the refunds in one call; making this one is tried twice.
    with shop.trouble(stack, skip_next=1, fail_next=2, status=429, path="/v1/refunds"):
        outcome = operator.run("reconcile")
    assert "a refund that was begun is not finished" in outcome.text
    operator.tamper("update refund_requests set next_attempt_at = now()")
    assert "not finished" not in operator.run("reconcile").text
    well(operator)


def test_it_finds_events_that_stripe_cannot_deliver(operator: Operator) -> None:
    with shop.no_webhooks(operator.stack):
        shop.buy(operator.stack, operator.stack.sign_up())
    operator.run("reconcile")
    assert "No event is undelivered" in well(operator)  # it is less than a minute old
    # Make the stand-in's events an hour older.
    with closing(sqlite3.connect(operator.state / "stripe.db", timeout=10)) as books, books:
        books.execute(
            "update objects set body = json_set(body, '$.created', ?) where kind = 'event'",
            (int(time.time()) - 3600,),
        )
    assert "Stripe could not deliver events. - evt_" in wrong(operator)
    operator.stack.simulate("webhooks/replay", since=0)
    until(lambda: operator.run("doctor").status == 0, "the events are delivered")


def test_it_finds_an_order_that_nobody_paid_for(operator: Operator) -> None:
    order = Order(user_id=operator.stack.sign_up().id)
    operator.stack.deliver(event("checkout.session.completed", order.session()))
    found = wrong(operator)
    assert "Orders are paid in the database, but not at Stripe." in found
    assert order.order_id in found
    operator.tamper("delete from credit_transactions where purchase_id = %s", order.order_id)
    operator.tamper("delete from user_credits where user_id = %s", order.user_id)
    operator.tamper("delete from purchases where id = %s", order.order_id)
    well(operator)


def test_it_finds_a_webhook_endpoint_that_lacks_events_or_is_off(operator: Operator) -> None:
    endpoints = shop.stripe_client(operator.stack).v1.webhook_endpoints
    (endpoint,) = endpoints.list().data
    try:
        enabled = [name for name in EVENTS if name not in {"refund.failed", "refund.created"}]
        endpoints.update(endpoint.id, {"enabled_events": enabled})
        found = wrong(operator)
        assert "does not receive all the events" in found
        assert "- refund.created, refund.failed >" in found
        endpoints.update(endpoint.id, {"enabled_events": [*EVENTS], "disabled": True})
        assert "is disabled" in wrong(operator)
    finally:
        endpoints.update(endpoint.id, {"enabled_events": [*EVENTS], "disabled": False})
    well(operator)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"STRIPE_WEBHOOK_SECRET": "whsec_another"}, "refuses signatures made with"),
        ({"STRIPE_SECRET_KEY": "sk_test_another"}, "does not answer or refuses the key"),
        ({"SUPABASE_PUBLISHABLE_KEY": "sb_publishable_another"}, "publishable key cannot read"),
        ({"CRON_SECRET": ""}, "CRON_SECRET is missing"),
        ({"SITE_URL": "http://127.0.0.1:9"}, "does not answer like a Purse site"),
    ],
)
def test_it_finds_settings_that_are_not_the_deployments(
    operator: Operator, environ: dict[str, str], said: str
) -> None:
    assert said in wrong(operator, **environ)


def test_settings_that_are_missing_are_named_all_at_once(operator: Operator) -> None:
    outcome = operator.run("doctor", SUPABASE_SECRET_KEY="", STRIPE_SECRET_KEY="sk_live")
    assert outcome.status == 1
    for name in ("SUPABASE_SECRET_KEY or", "STRIPE_SECRET_KEY must begin"):
        assert name in outcome.text


def test_a_database_that_is_away_is_one_sentence(operator: Operator) -> None:
    outcome = operator.run("doctor", SUPABASE_URL="http://127.0.0.1:9")
    assert outcome.status == 1
    assert "The database cannot be reached" in outcome.text


# One person ------------------------------------------------------------------------------------


def test_it_shows_every_order_of_a_person(operator: Operator) -> None:
    user = operator.stack.sign_up()
    shop.buy(operator.stack, user)
    shop.refund(operator.stack, shop.buy(operator.stack, user), 100)
    shop.begin(operator.stack, user)
    until(lambda: operator.stack.balance_of(user) == 899, "the refund's webhook")
    outcome = operator.run("doctor", user.email)
    assert outcome.status == 0, outcome.text
    said = " ".join(outcome.text.split())
    assert "Balance: 899 credits" in said
    assert ": 399 of 500 left" in said
    assert "paid 4.99 USD. Its 500 credits were posted." in said
    assert "of which 1.00 USD was refunded or disputed. 101 of 500 credits were taken back." in said
    assert "not paid yet. The checkout page is open." in said


def test_i_paid_and_got_nothing(operator: Operator) -> None:
    user = operator.stack.sign_up()
    with shop.no_webhooks(operator.stack):
        shop.buy(operator.stack, user)
    outcome = operator.run("doctor", user.email.upper())
    assert outcome.status == 1
    assert "paid at Stripe, but no webhook arrived" in " ".join(outcome.text.split())
    assert "make reconcile SINCE=20" in outcome.text
    assert operator.run("reconcile").status == 0
    assert operator.stack.balance_of(user) == 500


def test_an_order_missing_in_the_database_is_found_for_a_person(operator: Operator) -> None:
    user = operator.stack.sign_up()
    with shop.no_webhooks(operator.stack):
        shop.buy(operator.stack, user)
    operator.tamper("delete from purchases where user_id = %s", user.id)
    outcome = operator.run("doctor", user.email)
    assert outcome.status == 1
    assert "is paid at Stripe, but missing in the database" in " ".join(outcome.text.split())
    operator.run("reconcile")


def test_an_unknown_address_is_a_note(operator: Operator) -> None:
    outcome = operator.run("doctor", "nobody@example.com")
    assert outcome.status == 0
    assert "Nobody has signed up as nobody@example.com." in outcome.text
