"""POST /api/credits and GET /api/receipt, as an app's own pages use them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests import shop
from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.openapi import as_described
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    import psycopg

    from tests.support import RunningStack, User


@pytest.fixture
def user(stack: RunningStack) -> User:
    """A user with 500 credits."""
    return stack.sign_up_buyer()


def spend(stack: RunningStack, user: User, body: Any = None, **headers: str) -> httpx.Response:
    headers = {"Idempotency-Key": key(), **user.auth, **headers}
    body = {"feature": "docx_processing"} if body is None else body
    return as_described(stack.post("/api/credits", json=body, headers=headers))


def receipt(stack: RunningStack, user: User, order_id: str) -> httpx.Response:
    return as_described(stack.get(f"/api/receipt?order_id={order_id}", headers=user.auth))


def test_a_feature_is_used_and_paid_for(stack: RunningStack, user: User) -> None:
    response = spend(stack, user, {"feature": "premium_export", "quantity": 2})
    assert response.status_code == 200
    answer = response.json()
    assert answer == {"transaction_id": answer["transaction_id"], "spent": 30, "balance": 470}
    assert "idempotent-replayed" not in response.headers
    newest = stack.get("/api/credits", headers=user.auth).json()["transactions"][0]
    assert (newest["id"], newest["description"]) == (answer["transaction_id"], "Premium export")


def test_a_repeated_request_is_charged_once_and_says_so(stack: RunningStack, user: User) -> None:
    same = {"Idempotency-Key": key()}
    first, again = spend(stack, user, **same), spend(stack, user, **same)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert stack.balance_of(user) == 495


def test_another_request_under_the_same_key_is_a_conflict(stack: RunningStack, user: User) -> None:
    same = {"Idempotency-Key": key()}
    spend(stack, user, **same)
    refused = spend(stack, user, {"feature": "txt_upload"}, **same)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "idempotency_key_reused"


def test_too_few_credits_say_how_many_there_are(stack: RunningStack, user: User) -> None:
    refused = spend(stack, user, {"feature": "premium_export", "quantity": 34})
    assert refused.status_code == 402
    error = refused.json()["error"]
    assert (error["code"], error["available"], error["required"]) == (
        *("insufficient_credits", 500),
        510,
    )
    assert error["message"] == "This takes 510 credits and 500 are available. Buy a pack to go on."
    assert stack.balance_of(user) == 500


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "invalid_json"),
        ({}, "invalid_request"),
        ({"feature": 5}, "invalid_request"),
        ({"feature": "DOCX"}, "invalid_request"),
        ({"feature": "docx_processing", "quantity": 0}, "invalid_request"),
        ({"feature": "docx_processing", "quantity": True}, "invalid_request"),
        ({"feature": "docx_processing", "quantity": 1.0}, "invalid_request"),
        ({"feature": "docx_processing", "quantity": "1"}, "invalid_request"),
        ({"feature": "docx_processing", "quantity": 1_000_001}, "invalid_request"),
    ],
    ids=str,
)
def test_a_body_that_cannot_be_meant_is_refused(
    stack: RunningStack, user: User, body: Any, code: str
) -> None:
    refused = spend(stack, user, body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)


def test_an_amount_in_the_request_is_not_listened_to(stack: RunningStack, user: User) -> None:
    body = {"feature": "docx_processing", "credits": 1, "amount": 1, "user_id": "x"}
    assert spend(stack, user, body).json()["spent"] == 5


@pytest.mark.parametrize("bad", ["", "x" * 256, "a\tb", "é"])
def test_a_key_that_is_none_is_refused(stack: RunningStack, user: User, bad: str) -> None:
    headers = {**user.auth, "Idempotency-Key": bad.encode("latin-1")}
    refused = stack.post(
        "/api/credits",
        json={"feature": "docx_processing"},
        headers=headers,
    )
    assert as_described(refused).status_code == 400
    assert refused.json()["error"]["code"] == "invalid_idempotency_key"


def test_without_a_key_nothing_is_spent(stack: RunningStack, user: User) -> None:
    refused = stack.post("/api/credits", json={"feature": "docx_processing"}, headers=user.auth)
    assert refused.json()["error"]["code"] == "invalid_idempotency_key"
    assert stack.balance_of(user) == 500


def test_an_unknown_feature_is_not_found(stack: RunningStack, user: User) -> None:
    refused = spend(stack, user, {"feature": "teleport"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "unknown_feature")


def test_32_clients_spend_the_last_credits_exactly(stack: RunningStack) -> None:
    user = stack.sign_up()
    stack.deliver(event("checkout.session.completed", Order(user_id=user.id, credits=52).session()))
    with ThreadPoolExecutor(32) as clients:
        statuses = list(clients.map(lambda _: spend(stack, user).status_code, range(32)))
    assert sorted(statuses) == [200] * 10 + [402] * 22
    assert stack.balance_of(user) == 2


# Receipts ----------------------------------------------------------------------------------------


def test_a_purchase_leads_to_stripes_receipt(stack: RunningStack) -> None:
    user = stack.sign_up()
    order = shop.purchase(stack, shop.buy(stack, user))
    entry = stack.get("/api/credits", headers=user.auth).json()["transactions"][0]
    assert entry["receipt"] == f"/api/receipt?order_id={order['id']}"
    answer = receipt(stack, user, order["id"])
    page = httpx.get(answer.json()["receipt_url"])
    assert page.status_code == 200
    assert "$4.99" in page.text


def test_anothers_receipt_is_nobodys(stack: RunningStack) -> None:
    order = shop.purchase(stack, shop.buy(stack, stack.sign_up()))
    refused = receipt(stack, stack.sign_up(), order["id"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_receipt")


@pytest.mark.parametrize("order_id", ["", "1", "x" * 36])
def test_an_order_that_cannot_be_is_refused(stack: RunningStack, user: User, order_id: str) -> None:
    assert receipt(stack, user, order_id).status_code == 400


def test_stripe_failing_to_answer_for_a_receipt_is_said(stack: RunningStack) -> None:
    user = stack.sign_up()
    order = shop.purchase(stack, shop.buy(stack, user))
    with shop.trouble(stack, fail_next=10, status=500):
        assert receipt(stack, user, order["id"]).status_code == 502


# Who may -----------------------------------------------------------------------------------------


def test_a_hold_shows_as_set_aside(stack: RunningStack, user: User) -> None:
    with stack.connect() as database:
        Purse(database, user.id).hold()
    body = stack.get("/api/credits", headers=user.auth).json()
    assert (body["balance"], body["held"], body["available"]) == (500, 5, 495)


def test_receipts_are_limited_and_the_limit_is_the_users_own(stack: RunningStack) -> None:
    """Stripe limits how much all of us may ask together."""
    users = [stack.sign_up() for _ in range(2)]
    orders = [shop.purchase(stack, shop.buy(stack, user))["id"] for user in users]
    answers = [receipt(stack, users[0], orders[0]) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert receipt(stack, users[1], orders[1]).status_code == 200
    with stack.connect() as database:
        database.execute("update request_counts set began_at = began_at - interval '1 minute'")
    assert receipt(stack, users[0], orders[0]).status_code == 200


def test_a_receipt_that_stripe_does_not_have_is_not_found(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    """The payment was a test that was deleted at Stripe, or another account's."""
    user = stack.sign_up()
    order = Order(user_id=user.id)
    record(database, order.facts("paid"))
    refused = receipt(stack, user, order.order_id)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_receipt")
