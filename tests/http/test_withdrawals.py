"""GET and POST /api/withdrawal, and the waiver before checkout."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests import shop
from tests.http import refunding
from tests.support import until
from tests.unit.functions import client
from tests.unit.scripted_server import scripted_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from werkzeug.test import TestResponse

    from tests.http.refunding import Bought
    from tests.support import Accounts, RunningStack, User

    Database = Connection[dict[str, Any]]

WORDING = "I want the credits at once, and lose my right of withdrawal."


@pytest.fixture
def shops() -> dict[str, str]:
    """The settings of the shop."""
    return shop.WITHDRAWING


@pytest.fixture(autouse=True)
def _as_function(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch, shops: dict[str, str]
) -> Iterator[None]:
    with refunding.as_function(stack, monkeypatch, **shops):
        yield


@pytest.fixture
def bought(stack: RunningStack, database: Database) -> Bought:
    return refunding.buy(stack, database, stack.sign_up())


def look(user: User, purchase_id: str) -> TestResponse:
    return client("purchases").get(f"/?purchase={purchase_id}&action=withdrawal", headers=user.auth)


def withdraw(user: User, purchase_id: str, amount: int | None = None) -> TestResponse:
    return client("purchases").post(
        "/?action=withdrawal", json={"purchase": purchase_id, "amount": amount}, headers=user.auth
    )


def checkout(user: User, **body: Any) -> TestResponse:
    return client("create-checkout-session").post(
        "/", json={"package_type": "starter", **body}, headers=user.auth
    )


def error(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]["code"]


def test_a_buyer_withdraws_and_gets_a_confirmation_with_the_time(bought: Bought) -> None:
    bought.purse.spend(20)
    offered = look(bought.user, bought.purchase_id).get_json()
    assert (offered["offered"], offered["amount"], offered["credits"]) == (True, 399, 400)
    assert (offered["bought"], offered["withdrawal"]) == (500, None)
    confirmed = withdraw(bought.user, bought.purchase_id, 399)
    body = confirmed.get_json()
    assert (confirmed.status_code, body["amount"], body["credits"]) == (200, 399, 400)
    assert (body["refund_status"], body["reason"]) == ("done", None)
    assert body["withdrawn_at"] > body["paid_at"]
    assert (bought.purse.balance, [made.amount for made in bought.at_stripe()]) == (0, [399])
    again = withdraw(bought.user, bought.purchase_id, 399)
    assert (again.get_json(), again.headers["Idempotent-Replayed"]) == (body, "true")
    later = look(bought.user, bought.purchase_id).get_json()
    assert (later["offered"], later["reason"]) == (False, "withdrawn")
    assert later["withdrawal"] == body


def test_a_withdrawal_counts_while_stripe_is_away(stack: RunningStack, bought: Bought) -> None:
    with shop.trouble(stack, fail_next=2, status=429, path="/v1/refunds"):
        confirmed = withdraw(bought.user, bought.purchase_id)
    assert (confirmed.status_code, confirmed.get_json()["refund_status"]) == (200, "begun")
    bought.make_due()
    assert stack.scheduled("/api/reconcile").status_code == 200
    until(
        lambda: (
            look(bought.user, bought.purchase_id).get_json()["withdrawal"]["refund_status"]
            == "done"
        ),
        "the job refunds it",
    )


@pytest.mark.parametrize(
    "shops",
    [
        {
            **shop.WITHDRAWING,
            "PAYMENTS_ENABLED": "false",
            "STRIPE_SECRET_KEY": "",
            "STRIPE_WEBHOOK_SECRET": "",
        }
    ],
)
def test_a_withdrawal_counts_while_payments_are_switched_off(bought: Bought) -> None:
    """It is recorded before Stripe is asked, so nothing after that may say that it failed."""
    confirmed = withdraw(bought.user, bought.purchase_id)
    assert (confirmed.status_code, confirmed.get_json()["refund_status"]) == (200, "begun")
    assert bought.state() == [("begun", None)]


def test_a_withdrawal_counts_although_stripe_answers_something_odd(
    stack: RunningStack, bought: Bought, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        scripted_server(lambda _: (200, b'{"object": "refund", "payment_intent": "pi_1"}')) as odd,
        refunding.as_function(stack, monkeypatch, STRIPE_API_BASE=odd.url),
    ):
        confirmed = withdraw(bought.user, bought.purchase_id)
    assert (confirmed.status_code, confirmed.get_json()["refund_status"]) == (200, "begun")


def test_a_withdrawal_counts_although_nothing_is_unused(bought: Bought) -> None:
    bought.purse.spend(100)
    body = withdraw(bought.user, bought.purchase_id, 0).get_json()
    assert (body["amount"], body["refund_status"], body["reason"]) == (0, None, "nothing_unused")
    assert body["message"]


def test_anothers_purchase_is_as_unknown_as_none(stack: RunningStack, bought: Bought) -> None:
    stranger = stack.sign_up()
    for purchase_id in (bought.purchase_id, str(uuid.uuid4())):
        assert error(look(stranger, purchase_id)) == (404, "unknown_purchase")
        assert error(withdraw(stranger, purchase_id)) == (404, "unknown_purchase")


@pytest.mark.parametrize(
    "shops",
    [{**shop.WITHDRAWING, "MAIL_TO_CUSTOMERS": "true"}],
)
def test_a_mail_is_promised_to_a_confirmed_address_only(bought: Bought, accounts: Accounts) -> None:
    confirmed = withdraw(bought.user, bought.purchase_id).get_json()
    assert confirmed["mailed"]
    accounts.unconfirm(bought.user)
    again = withdraw(bought.user, bought.purchase_id).get_json()
    assert again == {**confirmed, "mailed": False}


@pytest.mark.parametrize(
    "shops",
    [{**shop.WITHDRAWING, "MAIL_TO_CUSTOMERS": "true"}],
)
def test_it_is_told_where_an_event_loop_runs_already(
    bought: Bought, caplog: pytest.LogCaptureFixture
) -> None:
    async def confirm() -> TestResponse:
        return withdraw(bought.user, bought.purchase_id)

    # In a thread of its own: Playwright keeps a loop running in this one, once it has begun.
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(lambda: asyncio.run(confirm())).result()
    assert answer.get_json()["mailed"]
    assert "not delivered now" not in caplog.text


@pytest.mark.parametrize("shops", [{}])
def test_it_is_off_by_default(bought: Bought) -> None:
    assert look(bought.user, bought.purchase_id).get_json()["reason"] == "not_offered"
    assert error(withdraw(bought.user, bought.purchase_id)) == (409, "not_offered")
    config = client("config").get("/").get_json()
    assert config["withdrawal"] == {"days": 0, "waiver": None}


def test_a_checkout_without_the_setting_needs_no_waiver(stack: RunningStack) -> None:
    user = stack.sign_up()
    assert checkout(user).status_code == 200
    assert error(checkout(user, withdrawal_waiver=WORDING)) == (409, "waiver_changed")


WAIVING = {**shop.WITHDRAWING, "WITHDRAWAL_WAIVER_TEXT": WORDING}


@pytest.mark.parametrize("shops", [WAIVING])
def test_where_the_shop_asks_for_it_the_server_requires_the_waiver(
    stack: RunningStack, database: Database
) -> None:
    user = stack.sign_up()
    assert error(checkout(user)) == (409, "waiver_required")
    assert error(checkout(user, withdrawal_waiver="Yes.")) == (409, "waiver_changed")
    for odd in (True, 1, {}, []):
        assert error(checkout(user, withdrawal_waiver=odd)) == (400, "invalid_request")
    assert database.execute("select from purchases where user_id = %s", [user.id]).fetchall() == []
    assert client("config").get("/").get_json()["withdrawal"] == {"days": 14, "waiver": WORDING}


@pytest.mark.parametrize("shops", [WAIVING])
def test_wording_time_and_order_of_a_waiver_are_recorded_and_end_the_withdrawal(
    stack: RunningStack, database: Database
) -> None:
    user = stack.sign_up()
    session_id = checkout(user, withdrawal_waiver=WORDING).get_json()["id"]
    order = shop.purchase(stack, session_id)
    row = database.execute(
        "select wording, agreed_at from withdrawal_waivers where purchase_id = %s", [order["id"]]
    ).fetchone()
    assert row is not None
    assert row["wording"] == WORDING
    assert row["agreed_at"] >= order["created_at"]
    shop.pay(stack, session_id)
    until(lambda: shop.purchase(stack, session_id)["credits_posted"], "the pack is credited")
    purchase_id = str(order["id"])
    assert look(user, purchase_id).get_json()["reason"] == "waived"
    assert error(withdraw(user, purchase_id)) == (409, "waived")
