"""POST /api/create-checkout-session, against the Stripe stand-in through the real SDK."""

from __future__ import annotations

import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import ROOT
from tests import shop
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    import httpx
    import psycopg
    import stripe

    from tests.support import Accounts, RunningStack, User

    Database = psycopg.Connection[dict[str, Any]]

PATH = "/api/create-checkout-session"


@pytest.fixture
def stripe_api(stack: RunningStack) -> stripe.StripeClient:
    """A Stripe client with the secret key."""
    return shop.stripe_client(stack)


def buy(stack: RunningStack, user: User, package: Any = "starter") -> httpx.Response:
    return stack.post(PATH, json={"package_type": package}, headers=user.auth)


def test_a_session_carries_the_order_and_comes_back_to_us(
    stack: RunningStack, stripe_api: stripe.StripeClient
) -> None:
    user = stack.sign_up()
    answer = buy(stack, user, "creator")
    assert answer.status_code == 200
    session = stripe_api.v1.checkout.sessions.retrieve(answer.json()["id"])
    assert answer.json() == {"id": session.id, "url": session.url}
    assert (session.amount_total, session.currency, session.mode) == (1499, "usd", "payment")
    assert session.success_url == (
        f"{stack.site_url}/payment/success?session_id={{CHECKOUT_SESSION_ID}}"
    )
    assert session.cancel_url == f"{stack.site_url}/payment/cancelled"
    assert session.metadata is not None
    metadata = session.metadata.to_dict()
    assert metadata["purse_order_id"] == session.client_reference_id
    assert metadata["purse_user_id"] == user.id
    assert (metadata["purse_credits"], metadata["purse_unit_amount"]) == ("1500", "1499")
    assert session.expires_at is not None
    assert 1800 <= session.expires_at - session.created <= 86400


def test_the_order_is_recorded_with_its_session(stack: RunningStack) -> None:
    user = stack.sign_up()
    session_id = buy(stack, user).json()["id"]
    body = stack.get(f"/api/credits?session_id={session_id}", headers=user.auth).json()
    assert body["balance"] == 0
    assert (body["purchase"]["status"], body["purchase"]["credited"]) == ("open", 0)


def test_a_user_has_one_customer_even_under_parallel_clicks(
    stack: RunningStack, stripe_api: stripe.StripeClient
) -> None:
    user = stack.sign_up()
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: buy(stack, user), range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    sessions = [stripe_api.v1.checkout.sessions.retrieve(answer.json()["id"]) for answer in answers]
    assert len({session.id for session in sessions}) == 5
    assert len({session.customer for session in sessions}) == 1
    customer = stripe_api.v1.customers.retrieve(str(sessions[0].customer))
    assert customer.email == user.email


def test_a_customer_deleted_at_stripe_is_made_anew(
    stack: RunningStack, stripe_api: stripe.StripeClient
) -> None:
    user = stack.sign_up()
    first = stripe_api.v1.checkout.sessions.retrieve(buy(stack, user).json()["id"])
    stripe_api.v1.customers.delete(str(first.customer))
    answer = buy(stack, user)
    assert answer.status_code == 200
    second = stripe_api.v1.checkout.sessions.retrieve(answer.json()["id"])
    assert second.customer != first.customer


def test_a_request_names_a_package_never_an_amount_or_a_url(
    stack: RunningStack, stripe_api: stripe.StripeClient
) -> None:
    answer = stack.post(
        PATH,
        headers=stack.sign_up().auth,
        json={
            "package_type": "starter",
            "amount": 1,
            "credits": 10**6,
            "success_url": "https://evil.example.com",
        },
    )
    session = stripe_api.v1.checkout.sessions.retrieve(answer.json()["id"])
    assert session.amount_total == 499
    assert str(session.success_url).startswith(stack.site_url)
    assert session.metadata is not None
    assert session.metadata["purse_credits"] == "500"


def test_a_package_that_is_not_on_sale_is_not_found(stack: RunningStack) -> None:
    answer = buy(stack, stack.sign_up(), "diamond")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_package"


@pytest.mark.parametrize(
    "package", [None, "", 1, ["starter"], {"id": "starter"}, "x" * 64, "\0", "Starter"]
)
def test_a_package_that_is_no_name_is_refused(stack: RunningStack, package: Any) -> None:
    answer = buy(stack, stack.sign_up(), package)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_json"),
        (b"[]", "application/json", 400, "invalid_json"),
        (b"\xff", "application/json", 400, "invalid_json"),
        (b"[" * 10_000, "application/json", 400, "invalid_json"),
        (b"", "application/json", 400, "invalid_json"),
        (b'{"package_type": "starter"}', "text/plain", 415, "unsupported_media_type"),
        (
            b"package_type=starter",
            "application/x-www-form-urlencoded",
            415,
            "unsupported_media_type",
        ),
        (b" " * 20_000, "application/json", 413, "body_too_large"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    stack: RunningStack, content: bytes, content_type: str, status: int, code: str
) -> None:
    headers = {**stack.sign_up().auth, "Content-Type": content_type}
    answer = stack.post(PATH, content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_chunked_body_over_the_limit_is_refused(stack: RunningStack) -> None:
    headers = {**stack.sign_up().auth, "Content-Type": "application/json"}
    answer = stack.post(PATH, content=(b" " * 1000 for _ in range(40)), headers=headers)
    assert answer.status_code == 413


def test_the_eleventh_order_in_a_minute_has_to_wait(stack: RunningStack) -> None:
    user = stack.sign_up()
    statuses = [buy(stack, user).status_code for _ in range(10)]
    assert statuses == [200] * 10
    refused = buy(stack, user)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "too_many_attempts"
    assert 1 <= int(refused.headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("status", "code"), [(500, "stripe_failed"), (429, "stripe_failed"), (402, "stripe_refused")]
)
def test_stripe_failing_is_502_and_a_retry_works(
    stack: RunningStack, status: int, code: str
) -> None:
    user = stack.sign_up()
    with shop.trouble(stack, fail_next=10, status=status):
        answer = buy(stack, user)
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == code
    assert buy(stack, user).status_code == 200


def test_an_address_that_stripe_refuses_does_not_stop_the_checkout(
    stack: RunningStack, stripe_api: stripe.StripeClient
) -> None:
    """The customer is made without it, once, and the payment page asks."""
    user = stack.sign_up(f"p{secrets.token_hex(6)}@com")
    answers = [buy(stack, user) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    sessions = [stripe_api.v1.checkout.sessions.retrieve(answer.json()["id"]) for answer in answers]
    assert len({session.customer for session in sessions}) == 1
    assert stripe_api.v1.customers.retrieve(str(sessions[0].customer)).email is None


def test_a_changed_address_reaches_the_customer(
    stack: RunningStack, stripe_api: stripe.StripeClient, accounts: Accounts
) -> None:
    user = stack.sign_up()
    session = stripe_api.v1.checkout.sessions.retrieve(buy(stack, user).json()["id"])
    changed = accounts.change(user, email=f"new-{user.email}")
    assert buy(stack, changed).status_code == 200
    customer = stripe_api.v1.customers.retrieve(str(session.customer))
    assert customer.email == changed.email
    updated_at = [event.id for event in updates(stripe_api, customer.id)]
    assert buy(stack, changed).status_code == 200
    assert [event.id for event in updates(stripe_api, customer.id)] == updated_at


def updates(stripe_api: stripe.StripeClient, customer_id: str) -> list[stripe.Event]:
    events = stripe_api.v1.events.list({"type": "customer.updated", "limit": 100}).data
    return [event for event in events if event.data.object["id"] == customer_id]


def test_a_changed_address_that_cannot_be_sent_does_not_stop_the_checkout(
    stack: RunningStack, stripe_api: stripe.StripeClient, accounts: Accounts
) -> None:
    user = stack.sign_up()
    session = stripe_api.v1.checkout.sessions.retrieve(buy(stack, user).json()["id"])
    bad = accounts.change(user, email=f"p{secrets.token_hex(6)}@com")
    assert buy(stack, bad).status_code == 200
    assert stripe_api.v1.customers.retrieve(str(session.customer)).email == user.email


def test_a_price_that_stripe_refuses_is_named(stack: RunningStack, database: Database) -> None:
    """The table refuses such a price. Stripe may refuse others, or change its rules."""
    database.execute("alter table credit_packages disable trigger credit_packages_can_be_sold")
    try:
        database.execute("update credit_packages set unit_amount = 49 where id = 'creator'")
        answer = buy(stack, stack.sign_up(), "creator")
    finally:
        database.execute("update credit_packages set unit_amount = 1499 where id = 'creator'")
        database.execute(
            "alter table credit_packages enable always trigger credit_packages_can_be_sold"
        )
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "unsellable_price"


def test_declined_payments_close_the_checkout_and_say_until_when(
    stack: RunningStack, stripe_api: stripe.StripeClient, database: Database
) -> None:
    user = stack.sign_up()
    session_ids = [buy(stack, user).json()["id"] for _ in range(2)]
    row = database.execute(
        "select id::text from purchases where checkout_session_id = %s", [session_ids[0]]
    ).fetchone()
    order = Order(order_id=row["id"], user_id=user.id)
    now = int(time.time())
    for number in range(10):
        declined = event("payment_intent.payment_failed", order.declined_intent())
        declined["created"] = now - 600 + number
        assert stack.deliver(declined).json()["outcome"] == "applied"
        assert stack.deliver(declined).json()["outcome"] == "duplicate"
    refused = buy(stack, user)
    assert refused.status_code == 429
    error = refused.json()["error"]
    assert error["code"] == "too_many_declines"
    wait = int(refused.headers["retry-after"])
    assert 2900 <= wait <= 3000
    assert error["message"].endswith(f"Checkout opens again in {-(-wait // 60)} minutes.")
    statuses = [stripe_api.v1.checkout.sessions.retrieve(each).status for each in session_ids]
    assert statuses == ["expired", "expired"]
    assert buy(stack, stack.sign_up()).status_code == 200


def test_an_answer_that_is_lost_after_the_work_doubles_nothing(
    stack: RunningStack, stripe_api: stripe.StripeClient
) -> None:
    """The SDK retries with the same key and gets the session of the first attempt."""
    user = stack.sign_up()
    first = stripe_api.v1.checkout.sessions.retrieve(buy(stack, user).json()["id"])
    with shop.trouble(stack, fail_next=1, after_commit=True):
        answer = buy(stack, user)
    assert answer.status_code == 200
    sessions = stripe_api.v1.checkout.sessions.list({"customer": str(first.customer)})
    assert {session.id for session in sessions.data} == {first.id, answer.json()["id"]}


def test_a_stripe_that_never_answers_is_502_before_the_function_is_stopped(
    stack: RunningStack,
) -> None:
    user = stack.sign_up()
    with shop.trouble(stack, delay_seconds=30):
        started_at = time.monotonic()
        answer = buy(stack, user)
        seconds = time.monotonic() - started_at
    max_duration = json.loads((ROOT / "vercel.json").read_text())["functions"]["api/*.py"]
    assert answer.status_code == 502
    assert seconds < max_duration["maxDuration"]
