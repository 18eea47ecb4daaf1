"""The site serves openapi.json and answers as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests import shop
from tests.openapi import PATH, Answer, Description
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from tests.support import RunningStack, User

DESCRIPTION = Description()


@pytest.fixture(scope="module")
def user(stack: RunningStack) -> User:
    """A user with one paid order and one unpaid order."""
    user = stack.sign_up_buyer()
    unpaid = Order(user_id=user.id).session("complete", "unpaid")
    stack.deliver(event("checkout.session.completed", unpaid))
    return user


def assert_as_described(response: httpx.Response, status: int) -> None:
    assert response.status_code == status
    answer = Answer(response.status_code, response.headers, response.content)
    DESCRIPTION.check(response.request.url.path, response.request.method, answer)


def test_the_site_serves_it(stack: RunningStack) -> None:
    response = stack.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    assert response.content == PATH.read_bytes()


@pytest.mark.parametrize("path", ["/api/config", "/api/packages", "/api/health"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_anybody_may_read(stack: RunningStack, path: str, method: str) -> None:
    assert_as_described(httpx.request(method, f"{stack.site_url}{path}"), 200)


@pytest.mark.parametrize(
    ("status", "payment_status"),
    [("complete", "paid"), ("complete", "unpaid"), ("expired", "unpaid"), ("open", "unpaid")],
)
def test_credits_with_a_purchase_in_every_state(
    stack: RunningStack, user: User, status: str, payment_status: str
) -> None:
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session(status, payment_status)))
    path = f"/api/credits?limit=1&session_id={order.session_id}"
    response = stack.get(path, headers=user.auth)
    assert response.json()["purchase"] is not None
    assert_as_described(response, 200)


def test_a_checkout_session_until_there_are_too_many(stack: RunningStack) -> None:
    buyer = stack.sign_up()

    def order(package: str) -> httpx.Response:
        body = {"package_type": package}
        return stack.post("/api/create-checkout-session", json=body, headers=buyer.auth)

    for _ in range(10):
        assert_as_described(order("starter"), 200)
    assert_as_described(order("starter"), 429)
    assert_as_described(order("starter"), 429)


def test_what_checkout_refuses(stack: RunningStack, user: User) -> None:
    path = "/api/create-checkout-session"
    assert_as_described(stack.post(path, json={}), 401)
    assert_as_described(stack.post(path, json={"package_type": "gold"}, headers=user.auth), 404)
    assert_as_described(stack.post(path, json={"package_type": 1}, headers=user.auth), 400)
    assert_as_described(stack.post(path, content=b"{", headers=user.auth), 415)
    assert_as_described(stack.post(path, content=b" " * 20_000, headers=user.auth), 413)


def test_when_stripe_fails(stack: RunningStack, user: User) -> None:
    with shop.trouble(stack, fail_next=10, status=500):
        response = stack.post(
            "/api/create-checkout-session", json={"package_type": "starter"}, headers=user.auth
        )
    assert_as_described(response, 502)


def test_the_webhook(stack: RunningStack) -> None:
    completed: Any = event("checkout.session.completed", Order().session())
    assert_as_described(stack.deliver(completed), 200)
    assert_as_described(stack.deliver(completed), 200)
    assert_as_described(stack.deliver({**completed, "livemode": True}), 400)
    assert_as_described(stack.post("/api/webhook", content=b"{}"), 400)
    completed["data"]["object"]["metadata"]["purse_credits"] = "lots"
    assert_as_described(stack.deliver({**completed, "id": "evt_edited"}), 500)
    assert_as_described(stack.get("/api/webhook"), 405)
