"""GET /api/credits as the frontend and apps use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from tests.support import RunningStack


def test_somebody_new_has_no_credits(stack: RunningStack) -> None:
    response = stack.get("/api/credits?usage=true", headers=stack.sign_up().auth)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert sum(day["spent"] for day in body.pop("usage")["daily"]) == 0
    assert body == {
        "balance": 0,
        "held": 0,
        "available": 0,
        "low": True,
        "low_threshold": 15,
        "next_expiry": None,
        "payments": None,
        "balances": None,
        "transactions": [],
        "next_cursor": None,
        "purchase": None,
        "purchase_lookup": None,
    }


def test_usage_is_computed_only_for_those_who_ask(stack: RunningStack) -> None:
    user = stack.sign_up()
    assert stack.get("/api/credits", headers=user.auth).json()["usage"] is None
    assert stack.get("/api/credits?usage=true", headers=user.auth).json()["usage"] is not None


def test_a_purchase_shows_in_balance_history_and_by_its_session(stack: RunningStack) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session()))
    body = stack.get(f"/api/credits?session_id={order.session_id}", headers=user.auth).json()
    assert (body["balance"], body["available"]) == (500, 500)
    (entry,) = body["transactions"]
    assert (entry["kind"], entry["amount"], entry["description"]) == ("purchase", 500, "Starter")
    assert entry["created_at"].endswith(("Z", "+00:00"))
    assert body["purchase"]["status"] == "paid"
    assert body["purchase"]["credited"] == body["purchase"]["credits"] == 500


def test_anothers_session_is_nobodys(stack: RunningStack) -> None:
    order = Order(user_id=stack.sign_up().id)
    stack.deliver(event("checkout.session.completed", order.session()))
    stranger = stack.sign_up()
    path = f"/api/credits?session_id={order.session_id}"
    assert stack.get(path, headers=stranger.auth).json()["purchase"] is None


def test_history_is_paged_by_cursor(stack: RunningStack) -> None:
    user = stack.sign_up()
    for amount in (1, 2, 3):
        order = Order(user_id=user.id, credits=amount)
        stack.deliver(event("checkout.session.completed", order.session()))
    first = stack.get("/api/credits?limit=2", headers=user.auth).json()
    second = stack.get(
        f"/api/credits?limit=2&cursor={first['next_cursor']}", headers=user.auth
    ).json()
    amounts = [entry["amount"] for page in (first, second) for entry in page["transactions"]]
    assert amounts == [3, 2, 1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=ten",
        "limit=",
        "limit=²",
        "cursor=0",
        "cursor=x",
        "cursor=" + "9" * 30,
        "cursor=1%00",
        "session_id=pi_1",
        "session_id=",
        "session_id=cs_" + "a" * 300,
        "session_id=cs_test_'--",
        "&".join(f"a{n}=1" for n in range(50)),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(stack: RunningStack, query: str) -> None:
    response = stack.get(f"/api/credits?{query}", headers=stack.sign_up().auth)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_told_what_is_allowed(stack: RunningStack, method: str) -> None:
    response = httpx.request(method, f"{stack.site_url}/api/credits")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_head_is_get_without_the_body(stack: RunningStack) -> None:
    response = httpx.head(f"{stack.site_url}/api/credits", headers=stack.sign_up().auth)
    assert response.status_code == 200
    assert int(response.headers["content-length"]) > 0
    assert response.content == b""
