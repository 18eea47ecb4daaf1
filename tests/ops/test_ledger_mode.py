"""A ledger is live or test: checkout, health and doctor say so, and make go-live changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import shop
from tests.ops.test_rebuild import EVERYTHING
from tests.stripe_events import Order, event
from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ops.conftest import Operator


@pytest.fixture
def live(operator: Operator) -> Iterator[Operator]:
    """A stack with a test key whose database holds a live ledger."""
    before = "(select coalesce(livemode, false) from purse.ledger)"
    operator.tamper(f"update purse.ledger set livemode = not {before}, began_at = now()")
    yield operator
    operator.tamper("update purse.ledger set livemode = false, live_since = null")


def test_a_preview_on_the_live_database_sells_nothing_and_posts_nothing(live: Operator) -> None:
    user = live.stack.sign_up()
    refused = live.stack.post(
        "/api/create-checkout-session", json={"package_type": "starter"}, headers=user.auth
    )
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["code"] == "wrong_ledger_mode"
    assert "a database of its own" in error["message"]

    paid = event("checkout.session.completed", Order(user_id=user.id).session())
    assert live.stack.deliver(paid).json()["outcome"] == "ignored"
    assert live.stack.balance_of(user) == 0

    health = live.stack.get("/api/health")
    assert health.status_code == 503
    assert health.json()["ledger"] == "is a live ledger, and STRIPE_SECRET_KEY is a test key"

    said = live.run("doctor")
    assert said.status == 1
    assert "STRIPE_SECRET_KEY is a test key, but this ledger is live" in " ".join(said.text.split())


def test_a_live_key_on_a_test_ledger_is_told_to_go_live(operator: Operator) -> None:
    shop.buy(operator.stack, operator.stack.sign_up())
    said = operator.run("doctor", STRIPE_SECRET_KEY="sk_live_x", STRIPE_API_BASE="")
    assert "but this ledger is a test ledger" in " ".join(said.text.split())
    assert "make go-live" in said.text


def test_health_says_the_mode(operator: Operator) -> None:
    shop.buy(operator.stack, operator.stack.sign_up())
    health = operator.stack.get("/api/health")
    assert (health.status_code, health.json()["ledger"]) == (200, "test")


def test_going_live_shows_first_and_needs_a_name_and_a_reason(operator: Operator) -> None:
    stack = operator.stack
    user = stack.sign_up()
    shop.buy(stack, user)
    until(lambda: stack.balance_of(user) == 500, "the webhook has come")

    shown = operator.run("go_live")
    assert shown.status == 0, shown.text
    assert "Nothing is written" in shown.text
    assert operator.run("go_live", APPLY="1").status == 2
    assert operator.run("go_live", APPLY="1", WHO="ann").status == 2
    assert stack.balance_of(user) == 500

    try:
        done = operator.run("go_live", APPLY="1", WHO="ann", WHY="the shop opens")
        assert done.status == 0, done.text
        assert "This ledger is live now" in done.text
        assert "of live mode now, and redeploy" in done.text
        assert stack.balance_of(user) == 0
        history = stack.get("/api/credits", headers=user.auth).json()["transactions"]
        assert [(row["kind"], row["amount"], row["reason"]) for row in history] == [
            ("correction", -500, "the shop opens"),
            ("purchase", 500, None),
        ]
        again = operator.run("go_live", APPLY="1", WHO="ann", WHY="the shop opens")
        assert "live already" in again.text
        assert stack.balance_of(user) == 0
    finally:
        # Everybody was corrected to 0. The other tests of this stack need what Stripe says.
        operator.tamper("update purse.ledger set livemode = false, live_since = null")
        operator.tamper(EVERYTHING)
        assert operator.run("rebuild", APPLY="1").status == 0


def test_doctor_names_connected_accounts(operator: Operator) -> None:
    told = event("checkout.session.completed", Order().session(), account="acct_other")
    assert operator.stack.deliver(told).json()["outcome"] == "ignored"
    said = operator.run("doctor")
    operator.tamper("delete from stripe_events where account is not null")
    assert said.status == 1
    assert "1 event of connected accounts" in " ".join(said.text.split())
    assert "acct_other" in said.text


def test_doctor_names_a_dispute_that_waits_for_an_answer(operator: Operator) -> None:
    stack = operator.stack
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    until(lambda: stack.balance_of(user) == 500, "the webhook has come")
    stack.simulate("disputes", payment_intent=shop.payment_of(stack, session_id))
    until(lambda: stack.balance_of(user) == 0, "the webhook has come")
    outcome = operator.run("doctor")
    assert outcome.status == 0, outcome.text
    said = " ".join(outcome.text.split())
    assert "A dispute waits for your answer" in said
    assert f"order {shop.purchase(stack, session_id)['id']}, answer by 20" in said


def test_doctor_names_the_second_payment_of_an_order(operator: Operator) -> None:
    stack = operator.stack
    user = stack.sign_up()
    session_id = shop.buy(stack, user)
    until(lambda: stack.balance_of(user) == 500, "the webhook has come")
    operator.tamper(
        "insert into purchase_payments select 'pi_second', purchase_id, 'cs_second', amount,"
        " currency, paid_at + interval '1 s' from purchase_payments where purchase_id = %s",
        shop.purchase(stack, session_id)["id"],
    )
    outcome = operator.run("doctor")
    operator.tamper("delete from purchase_payments where payment_intent_id = 'pi_second'")
    assert outcome.status == 1
    assert "An order was paid twice" in outcome.text
    assert f"{shop.payment_of(stack, session_id)} and pi_second" in outcome.text
