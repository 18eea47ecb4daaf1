"""Checkouts that begin on other sites: return addresses, idempotency keys and origins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests import shop

if TYPE_CHECKING:
    import psycopg

    from tests.support import RunningStack, User

    Database = psycopg.Connection[dict[str, Any]]

PATH = "/api/create-checkout-session"


def addresses(stack: RunningStack) -> dict[str, str]:
    """Return addresses on another origin that the stack allows."""
    origin = stack.allowed_origins.split(",")[0]
    return {
        "return_url": f"{origin}/bought?lang=de",
        "cancel_url": f"{origin}/packs",
    }


def ask(stack: RunningStack, user: User, key: str | None = None, **body: Any) -> httpx.Response:
    headers = {**user.auth, **({"Idempotency-Key": key} if key else {})}
    return stack.post(PATH, json={"package_type": "starter", **body}, headers=headers)


def test_the_buyer_returns_to_an_address_of_an_allowed_origin(
    stack: RunningStack, database: Database
) -> None:
    chosen = addresses(stack)
    answer = ask(stack, stack.sign_up(), **chosen)
    assert answer.status_code == 200
    session = shop.stripe_client(stack).v1.checkout.sessions.retrieve(answer.json()["id"])
    assert session.success_url == f"{chosen['return_url']}&session_id={{CHECKOUT_SESSION_ID}}"
    assert session.cancel_url == chosen["cancel_url"]
    order = database.execute(
        "select return_url, cancel_url from purchases where id = %s", [session.client_reference_id]
    ).fetchone()
    assert order == chosen


@pytest.mark.parametrize("field", ["return_url", "cancel_url"])
@pytest.mark.parametrize("suffix", [".evil.test/", "@evil.test/", "\\@evil.test", "0/", "/#x"])
def test_any_other_address_is_refused_before_an_order_is_recorded(
    stack: RunningStack, database: Database, field: str, suffix: str
) -> None:
    user = stack.sign_up()
    origin = stack.allowed_origins.split(",")[0]
    answer = ask(stack, user, **{field: origin + suffix})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "return_address_not_allowed"
    assert answer.json()["error"]["message"].startswith(f"{field} must ")
    assert database.execute("select from purchases where user_id = %s", [user.id]).rowcount == 0


def test_the_same_key_opens_one_checkout_and_counts_once(
    stack: RunningStack, database: Database
) -> None:
    user = stack.sign_up()
    answers = [ask(stack, user, "once", **addresses(stack)) for _ in range(12)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert database.execute("select from purchases where user_id = %s", [user.id]).rowcount == 1


def test_two_clicks_at_once_with_one_key_open_one_checkout(
    stack: RunningStack, database: Database
) -> None:
    user = stack.sign_up()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(stack, user, "once"), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert database.execute("select from purchases where user_id = %s", [user.id]).rowcount == 1


def test_a_second_click_waits_for_a_slow_stripe(stack: RunningStack) -> None:
    user = stack.sign_up()
    with shop.trouble(stack, delay_seconds=1), ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: ask(stack, user, "once"), range(2)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("change", ["return_url", "cancel_url", "package_type"])
def test_the_same_key_with_another_request_is_a_conflict(stack: RunningStack, change: str) -> None:
    user = stack.sign_up()
    first = addresses(stack)
    other = {"package_type": "creator", "return_url": None, "cancel_url": f"{first['cancel_url']}/"}
    assert ask(stack, user, "once", **first).status_code == 200
    answer = ask(stack, user, "once", **{**first, change: other[change]})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "idempotency_key_reused"


def test_a_key_belongs_to_one_user(stack: RunningStack) -> None:
    one, other = (ask(stack, stack.sign_up(), "mine").json()["id"] for _ in range(2))
    assert one != other


@pytest.mark.parametrize("ended", ["expired_at = now()", "created_at = now() - interval '61 min'"])
def test_a_checkout_that_has_ended_is_not_opened_again(
    stack: RunningStack, database: Database, ended: str
) -> None:
    user = stack.sign_up()
    assert ask(stack, user, "once").status_code == 200
    database.execute(
        f"update purchases set {ended} where user_id = %s",
        [user.id],
    )
    answer = ask(stack, user, "once")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "checkout_ended"


@pytest.mark.parametrize("key", ["", "ü".encode(), "a" * 256])
def test_a_key_that_is_none_is_refused(stack: RunningStack, key: str | bytes) -> None:
    headers = {**stack.sign_up().auth, "Idempotency-Key": key}
    answer = stack.post(PATH, json={"package_type": "starter"}, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_idempotency_key"


def test_a_page_of_an_allowed_origin_may_call_and_no_other(stack: RunningStack) -> None:
    origin = stack.allowed_origins.split(",")[0]
    preflight = {"Access-Control-Request-Method": "POST"}
    for page, status in ((origin, 204), ("https://evil.test", 405)):
        answer = httpx.options(f"{stack.site_url}{PATH}", headers={**preflight, "Origin": page})
        assert answer.status_code == status
        assert answer.headers["vary"] == "Origin"
        assert (answer.headers.get("access-control-allow-origin") == origin) is (status == 204)
    refused = stack.post(PATH, headers={"Origin": origin})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == origin
