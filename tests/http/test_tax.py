"""TAX=automatic: what Stripe adds to a price or finds in it, through the real SDK and the stand-in.

The functions run in this process, under settings of their own, on the stack of the other tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import shop
from tests.database.purse import Purse, key
from tests.http import refunding
from tests.support import until
from tests.unit.functions import client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]

# Behavior -> of 4.99: tax and total at the rate of 20 per cent.
BEHAVIORS = {"exclusive": (100, 599), "inclusive": (83, 499)}
# The same after 20 per cent off, which is 0.99.
REDUCED = {"exclusive": (80, 480), "inclusive": (67, 400)}


@pytest.fixture(params=BEHAVIORS)
def behavior(request: pytest.FixtureRequest) -> str:
    """How prices are meant."""
    chosen: str = request.param
    return chosen


@pytest.fixture(autouse=True)
def _as_function(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch, behavior: str
) -> Iterator[None]:
    settings = {
        "TAX": "automatic",
        "TAX_BEHAVIOR": behavior,
        "PROMOTION_CODES_ENABLED": "true",
        "SELF_REFUND_DAYS": "14",
    }
    with refunding.as_function(stack, monkeypatch, **settings):
        yield


def begin(user: User) -> str:
    answer = client("create-checkout-session").post(
        "/", json={"package_type": "starter"}, headers=user.auth
    )
    assert answer.status_code == 200, answer.text
    session_id: str = answer.get_json()["id"]
    return session_id


def bought(stack: RunningStack, user: User, code: str | None = None) -> dict[str, Any]:
    """Buy a pack; return the order as the database has it, once it is paid."""
    session_id = begin(user)
    if code:
        shop.promote(stack, session_id, code)
    shop.pay(stack, session_id)
    until(lambda: stack.balance_of(user) == 500, "the webhook has come")
    return shop.purchase(stack, session_id)


def amounts(order: dict[str, Any]) -> tuple[int, int, int, int]:
    """Return subtotal, discount, tax and what was paid."""
    return (
        order["amount_subtotal"],
        order["amount_discount"],
        order["amount_tax"],
        order["amount_paid"],
    )


def test_what_was_ordered_is_settled_whatever_the_tax(stack: RunningStack, behavior: str) -> None:
    order = bought(stack, stack.sign_up())
    tax, total = BEHAVIORS[behavior]
    assert amounts(order) == (499, 0, tax, total)
    assert (order["status"], order["credits_posted"]) == ("paid", 500)


def test_a_promotion_code_lowers_the_tax_and_no_credits(stack: RunningStack, behavior: str) -> None:
    order = bought(stack, stack.sign_up(), "PURSE20")
    tax, total = REDUCED[behavior]
    assert amounts(order) == (499, 99, tax, total)
    assert (order["status"], order["credits_posted"]) == ("paid", 500)


def test_a_free_pack_has_no_tax(stack: RunningStack) -> None:
    order = bought(stack, stack.sign_up(), "PURSE100")
    assert amounts(order) == (499, 499, 0, 0)
    assert order["credits_posted"] == 500


def test_the_return_page_and_reconciliation_tell_the_same(stack: RunningStack) -> None:
    user = stack.sign_up()
    with shop.no_webhooks(stack):
        session_id = begin(user)
        shop.pay(stack, session_id)
        body = stack.get(f"/api/credits?session_id={session_id}", headers=user.auth).json()
        assert body["purchase"]["status"] == "paid"
        told = shop.purchase(stack, session_id)
    assert stack.scheduled("/api/reconcile").status_code == 200
    assert amounts(shop.purchase(stack, session_id)) == amounts(told)
    assert told["amount_tax"] > 0


def test_a_refund_of_the_unused_part_returns_its_tax(
    stack: RunningStack, database: Database, behavior: str
) -> None:
    user = stack.sign_up()
    order = bought(stack, user)
    purse = Purse(database, user.id)
    purse.spend(20)
    tax, total = BEHAVIORS[behavior]
    asked = client("purchases").get(f"/?purchase={order['id']}&action=refund", headers=user.auth)
    quote = asked.get_json()
    assert (quote["amount"], quote["credits"]) == (total * 400 // 500, 400)
    assert quote["tax"] == tax * quote["amount"] // total
    made = client("purchases").post(
        "/?action=refund",
        json={"purchase": str(order["id"]), "amount": quote["amount"]},
        headers={**user.auth, "Idempotency-Key": key()},
    )
    assert made.get_json()["status"] == "done"
    assert purse.balance == 0
    refunds = shop.stripe_client(stack).v1.refunds.list(
        {"payment_intent": order["payment_intent_id"]}
    )
    assert [refund.amount for refund in refunds.data] == [quote["amount"]]


def test_a_refund_of_everything_takes_every_credit(stack: RunningStack, behavior: str) -> None:
    user = stack.sign_up()
    session_id = begin(user)
    shop.pay(stack, session_id)
    until(lambda: stack.balance_of(user) == 500, "the webhook has come")
    shop.refund(stack, session_id, BEHAVIORS[behavior][1])
    until(lambda: stack.balance_of(user) == 0, "the refund has come")


def test_a_customer_who_bought_before_tax_was_switched_on_buys_again(stack: RunningStack) -> None:
    """Their customer at Stripe has no address; an order begun without tax settles without."""
    user = stack.sign_up()
    before = shop.begin(stack, user)
    session_id = begin(user)
    shop.pay(stack, session_id, country="DE")
    shop.pay(stack, before)
    until(lambda: stack.balance_of(user) == 1000, "both webhooks have come")
    assert amounts(shop.purchase(stack, before)) == (499, 0, 0, 499)
    assert shop.purchase(stack, session_id)["amount_tax"] > 0


def test_pages_are_told_how_prices_are_meant(behavior: str) -> None:
    assert client("config").get("/").get_json()["tax"] == behavior
