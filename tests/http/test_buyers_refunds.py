"""GET and POST /api/refund: buyers refund what is unused, where the shop allows it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests import shop
from tests.database.purse import key
from tests.http import refunding
from tests.unit.functions import client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from werkzeug.test import TestResponse

    from tests.http.refunding import Bought
    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]


@pytest.fixture
def days() -> str:
    """For how many days the shop lets buyers refund."""
    return "14"


@pytest.fixture(autouse=True)
def _as_function(stack: RunningStack, monkeypatch: pytest.MonkeyPatch, days: str) -> Iterator[None]:
    with refunding.as_function(stack, monkeypatch, SELF_REFUND_DAYS=days):
        yield


@pytest.fixture
def bought(stack: RunningStack, database: Database) -> Bought:
    return refunding.buy(stack, database, stack.sign_up())


def quote(user: User, purchase_id: str) -> TestResponse:
    return client("purchases").get(f"/?purchase={purchase_id}&action=refund", headers=user.auth)


def post(user: User, body: dict[str, Any], key_: str | None = None) -> TestResponse:
    headers = {**user.auth, **({"Idempotency-Key": key_} if key_ else {})}
    return client("purchases").post("/?action=refund", json=body, headers=headers)


def error(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]["code"]


def test_a_buyer_sees_and_refunds_what_is_unused(bought: Bought) -> None:
    bought.purse.spend(20)
    bought.purse.grant(30)
    quoted = quote(bought.user, bought.purchase_id)
    assert quoted.get_json() == {
        "purchase": bought.purchase_id,
        "package_name": "Starter",
        "refundable": True,
        "reason": None,
        "message": None,
        "amount": 399,
        "tax": 0,
        "credits": 400,
        "currency": "usd",
        "decimals": 2,
    }
    mine = key()
    body = {"purchase": bought.purchase_id, "amount": 399}
    made = post(bought.user, body, mine)
    answer = made.get_json()
    assert (made.status_code, answer["status"], answer["amount"]) == (200, "done", 399)
    assert "Idempotent-Replayed" not in made.headers
    # The bonus stays.
    assert bought.purse.balance == 30
    again = post(bought.user, body, mine)
    assert (again.get_json(), again.headers["Idempotent-Replayed"]) == (answer, "true")
    assert error(post(bought.user, body, key())) == (409, "nothing_unused")


def test_another_amount_than_shown_is_refused(bought: Bought) -> None:
    bought.purse.spend()
    body = {"purchase": bought.purchase_id, "amount": 499}
    assert error(post(bought.user, body, key())) == (409, "quote_changed")


def test_anothers_purchase_is_as_unknown_as_none(stack: RunningStack, bought: Bought) -> None:
    stranger, nothing = stack.sign_up(), str(uuid.uuid4())
    for answer in (
        quote(stranger, bought.purchase_id),
        quote(stranger, nothing),
        post(stranger, {"purchase": bought.purchase_id}, key()),
        post(stranger, {"purchase": nothing}, key()),
    ):
        assert error(answer) == (404, "unknown_purchase")
    assert bought.purse.available == 500


@pytest.mark.parametrize("days", ["0"])
def test_it_is_off_by_default(stack: RunningStack, bought: Bought) -> None:
    quoted = quote(bought.user, bought.purchase_id).get_json()
    assert (quoted["refundable"], quoted["reason"], quoted["amount"]) == (False, "not_offered", 0)
    refused = post(bought.user, {"purchase": bought.purchase_id}, key())
    assert error(refused) == (409, "not_offered")
    stranger = stack.sign_up()
    unknown = post(stranger, {"purchase": bought.purchase_id}, key())
    assert error(unknown) == (404, "unknown_purchase")


def test_it_ends_after_the_days_of_the_shop(bought: Bought) -> None:
    bought.purse.time_passes(days=14)
    assert quote(bought.user, bought.purchase_id).get_json()["reason"] == "too_late"
    refused = post(bought.user, {"purchase": bought.purchase_id}, key())
    assert error(refused) == (409, "too_late")


def test_while_stripe_is_away_the_refund_is_accepted(stack: RunningStack, bought: Bought) -> None:
    with shop.trouble(stack, fail_next=2, status=429, path="/v1/refunds"):
        made = post(bought.user, {"purchase": bought.purchase_id}, key())
    assert (made.status_code, made.get_json()["status"]) == (202, "begun")
    assert bought.purse.available == 0


def test_a_refusal_of_stripe_says_what_to_do(stack: RunningStack, bought: Bought) -> None:
    with shop.no_webhooks(stack):
        shop.stripe_client(stack).v1.refunds.create({"payment_intent": bought.payment_intent})
        refused = post(bought.user, {"purchase": bought.purchase_id}, key())
    assert error(refused) == (409, "refund_refused")
    assert bought.purse.available == 500


@pytest.mark.parametrize("body", [{}, {"purchase": 7}, {"purchase": "7"}, {"amount": 1}], ids=str)
def test_a_purchase_must_be_named(stack: RunningStack, body: dict[str, Any]) -> None:
    assert error(post(stack.sign_up(), body, key())) == (400, "invalid_request")


@pytest.mark.parametrize("amount", [-1, 1.5, "1", True, 2**60], ids=str)
def test_an_amount_must_be_a_whole_number(bought: Bought, amount: Any) -> None:
    body = {"purchase": bought.purchase_id, "amount": amount}
    assert error(post(bought.user, body, key())) == (400, "invalid_request")


def test_a_key_is_needed_and_for_one_refund(bought: Bought) -> None:
    body = {"purchase": bought.purchase_id}
    assert error(post(bought.user, body)) == (400, "invalid_idempotency_key")
    mine = key()
    post(bought.user, body, mine)
    reused = post(bought.user, {**body, "amount": 1}, mine)
    assert error(reused) == (409, "idempotency_key_reused")


def test_it_is_limited(stack: RunningStack) -> None:
    user, nothing = stack.sign_up(), str(uuid.uuid4())
    answers = [quote(user, nothing) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [404] * 20 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_it_needs_a_token() -> None:
    for method in ("GET", "POST"):
        answer = client("purchases").open("/?action=refund", method=method)
        assert answer.status_code == 401


def test_the_function_alone_answers_nothing() -> None:
    assert client("purchases").get("/").status_code == 404
