"""Staff refund what is unused of an order at the desk: quoted, recorded, and made once."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests import shop
from tests.desk import Desk, actions_about, code
from tests.http import refunding
from tests.openapi import as_described
from tests.support import until

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.http.refunding import Bought
    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

REFUNDS = "/v1/refunds"
NOBODY = "00000000-0000-4000-8000-000000000000"
# Each call of Stripe is tried twice.
BOTH_TRIES = 2


@pytest.fixture
def bought(stack: RunningStack, database: Database) -> Bought:
    """A pack of 500 credits for 4.99, of which 100 credits are spent."""
    bought = refunding.buy(stack, database, stack.sign_up())
    bought.purse.spend(20)  # at 5 credits each
    return bought


def refund(desk: Desk, bought: Bought, **more: Any) -> httpx.Response:
    return desk.act("refund", bought.user, purchase_id=bought.purchase_id, **more)


def quote(desk: Desk, bought: Bought) -> Any:
    return desk.read("refunds", order_id=bought.purchase_id)["quote"]


def recorded(bought: Bought) -> list[dict[str, Any]]:
    return actions_about(bought.purse.database, bought.user.id)


def is_refunded_once(bought: Bought, amount: int = 399) -> None:
    """Assert that Stripe, the ledger and the record of the desk agree about one refund."""
    assert [made.amount for made in bought.at_stripe()] == [amount]
    assert bought.state() == [("done", None)]
    assert [row["action"] for row in recorded(bought)] == ["refund"]
    assert bought.purse.balance == bought.purse.available == 0
    bought.purse.adds_up()


def test_an_admin_is_quoted_and_refunds_what_is_unused(admin: Desk, bought: Bought) -> None:
    quoted = quote(admin, bought)
    assert (quoted["refundable"], quoted["amount"], quoted["credits"]) == (True, 399, 400)
    assert (quoted["bought"], quoted["paid"], quoted["reason"]) == (500, 499, None)
    previewed = refund(admin, bought, preview=True).json()
    assert (previewed["details"]["amount"], previewed["details"]["credits"]) == (399, 400)
    assert previewed["accounts"][0]["after"] == {"balance": 400, "held": 400, "available": 0}
    assert (bought.state(), bought.purse.available) == ([], 400)

    done = refund(admin, bought, amount=399, balance=400, reason="Asked by mail").json()
    assert (done["details"]["status"], done["finished"]) == ("done", True)
    (at_stripe,) = bought.at_stripe()
    assert at_stripe.id == done["details"]["stripe_refund_id"]
    is_refunded_once(bought)
    (row,) = recorded(bought)
    assert (str(row["actor_id"]), row["actor_role"]) == (admin.staff.id, "admin")
    assert row["arguments"] == {"purchase_id": bought.purchase_id, "amount": 399}
    assert (row["reason"], row["result"]["details"]["status"]) == ("Asked by mail", "begun")
    found = admin.read("refunds", order_id=bought.purchase_id)
    assert found["quote"]["reason"] == "nothing_unused"
    assert found["quote"]["message"] == "Nothing of this pack is left that could be refunded."
    (listed,) = found["refunds"]
    assert (listed["status"], listed["actor"]) == ("done", admin.staff.email)
    assert listed["asked_because"] == "Asked by mail"


def test_support_sees_the_quote_and_cannot_refund(supporter: Desk, bought: Bought) -> None:
    assert quote(supporter, bought)["amount"] == 399
    for preview in (True, False):
        answer = refund(supporter, bought, preview=preview)
        assert code(answer) == (403, "admins_only")
    assert (bought.state(), recorded(bought), bought.purse.available) == ([], [], 400)


def test_who_has_no_role_sees_nothing(bought: Bought) -> None:
    buyer = Desk(bought.stack, bought.user)
    assert code(buyer.ask("refunds", order_id=bought.purchase_id)) == (403, "not_staff")
    assert code(refund(buyer, bought)) == (403, "not_staff")
    assert bought.state() == []


def test_the_same_key_gets_the_same_refund_as_it_is_now(admin: Desk, bought: Bought) -> None:
    first = refund(admin, bought, amount=399, key="one-refund").json()
    again = refund(admin, bought, amount=399, key="one-refund").json()
    assert again == {**first, "replayed": True}
    other = refund(admin, bought, amount=398, key="one-refund")
    assert code(other) == (409, "idempotency_key_reused")
    is_refunded_once(bought)


def test_two_admins_at_once_make_one_refund(admin: Desk, colleague: Desk, bought: Bought) -> None:
    together = threading.Barrier(2)

    def click(desk: Desk) -> httpx.Response:
        together.wait(timeout=30)
        return refund(desk, bought, amount=399, balance=400)

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(click, (admin, colleague)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = (answer for answer in answers if answer.status_code == httpx.codes.CONFLICT)
    # The other refund is under way or made already.
    assert refused.json()["error"]["code"] in {"in_progress", "balance_changed"}
    is_refunded_once(bought)


def test_a_quote_that_has_changed_refunds_nothing(admin: Desk, bought: Bought) -> None:
    shown = quote(admin, bought)["amount"]
    bought.purse.hold(2)
    answer = refund(admin, bought, amount=shown, balance=400)
    assert code(answer) == (409, "quote_changed")
    bought.purse.spend(1)
    assert code(refund(admin, bought, amount=shown, balance=400)) == (409, "balance_changed")
    assert (bought.state(), recorded(bought), bought.at_stripe()) == ([], [], [])


def test_while_stripe_is_down_it_stays_begun_and_the_job_finishes_it(
    admin: Desk, bought: Bought
) -> None:
    stack = bought.stack
    with shop.trouble(stack, fail_next=BOTH_TRIES, status=429, path=REFUNDS):
        begun = refund(admin, bought, amount=399, key="while-down").json()
    assert (begun["details"]["status"], begun["finished"]) == ("begun", False)
    assert (bought.purse.balance, bought.purse.available) == (400, 0)
    assert quote(admin, bought)["reason"] == "in_progress"
    bought.make_due()
    assert stack.scheduled("/api/reconcile").status_code == httpx.codes.OK
    until(lambda: bought.state() == [("done", None)], "the job has made the refund")
    again = refund(admin, bought, amount=399, key="while-down").json()
    assert (again["details"]["status"], again["finished"], again["replayed"]) == (
        "done",
        True,
        True,
    )
    is_refunded_once(bought)


def test_a_refusal_of_stripe_is_told_and_frees_the_credits(admin: Desk, bought: Bought) -> None:
    with shop.no_webhooks(bought.stack):
        shop.stripe_client(bought.stack).v1.refunds.create(
            {"payment_intent": bought.payment_intent}
        )
        answer = refund(admin, bought, amount=399).json()
    details = answer["details"]
    assert (details["status"], details["refusal"]) == ("refused", "charge_already_refunded")
    assert answer["finished"] is True
    assert bought.purse.available == 400


def test_an_order_that_cannot_be_refunded_says_why(admin: Desk, bought: Bought) -> None:
    stack = bought.stack
    unpaid = shop.purchase(stack, shop.begin(stack, bought.user))["id"]
    assert admin.read("refunds", order_id=str(unpaid))["quote"]["reason"] == "unpaid"
    answer = admin.act("refund", bought.user, purchase_id=str(unpaid), preview=True)
    assert code(answer) == (409, "unpaid")
    assert answer.json()["error"]["message"] == "This order was not paid."
    assert code(admin.ask("refunds", order_id=NOBODY)) == (404, "unknown_purchase")
    assert code(admin.ask("refunds", order_id="7")) == (400, "invalid_request")


def test_the_order_of_somebody_else_is_not_theirs(admin: Desk, bought: Bought) -> None:
    other = bought.stack.sign_up()
    answer = admin.act("refund", other, purchase_id=bought.purchase_id)
    assert code(answer) == (404, "unknown_order")
    assert bought.state() == []


@pytest.mark.parametrize(
    "wrong",
    [{"purchase_id": None}, {"purchase_id": "7"}, {"amount": 0}, {"amount": 3.5}, {"amount": "4"}],
    ids=str,
)
def test_what_makes_no_sense_is_refused(admin: Desk, bought: Bought, wrong: dict[str, Any]) -> None:
    body = {
        "action": "refund",
        "user_id": bought.user.id,
        "purchase_id": bought.purchase_id,
        "reason": "why",
        **wrong,
    }
    headers = {**admin.staff.auth, "Idempotency-Key": secrets.token_hex(8)}
    answer = admin.stack.post("/api/admin/act", json=body, headers=headers)
    assert code(as_described(answer)) == (400, "invalid_request")


def test_a_refund_that_does_not_end_is_among_todays_work(
    supporter: Desk, bought: Bought, database: Database
) -> None:
    bought.purse.call("begin_refund", bought.purchase_id, "ann", "asked", "never-asked")

    def listed() -> list[Any]:
        refunds = supporter.read("today")["refunds"]
        return [each for each in refunds if each["order_id"] == bought.purchase_id]

    assert listed() == []
    database.execute(
        "update refund_requests set created_at = created_at - interval '61 minutes'"
        " where purchase_id = %s",
        [bought.purchase_id],
    )
    (stuck,) = listed()
    assert (stuck["email"], stuck["amount"], stuck["attempts"]) == (bought.user.email, 399, 0)
    bought.stack.scheduled("/api/reconcile")
    until(lambda: listed() == [], "the refund has ended")
