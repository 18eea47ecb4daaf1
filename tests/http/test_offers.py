"""Offers: made at the desk, seen by one customer, bought once through the same checkout."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests import shop
from tests.database.purse import Purse
from tests.desk import Desk, actions_about, code
from tests.offers import checkout, end, in_days, offered, open_offers, terms
from tests.openapi import as_described
from tests.support import until

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]


@pytest.fixture
def buyer(stack: RunningStack) -> User:
    """Somebody who has just signed up."""
    return stack.sign_up()


def states(desk: Desk, person: User) -> list[str]:
    return [offer["state"] for offer in desk.read("person", id=person.id)["offers"]]


# Made and withdrawn ------------------------------------------------------------------------------


def test_an_offer_is_previewed_made_and_seen_by_its_customer_alone(
    admin: Desk, supporter: Desk, buyer: User, stack: RunningStack, database: Database
) -> None:
    wanted = terms()
    previewed = admin.preview("offer", buyer, **wanted)
    assert (previewed["ledger"], previewed["action_id"]) == ([], None)
    assert open_offers(stack, buyer) == []
    done = admin.done("offer", buyer, key="offer", **wanted)
    assert admin.done("offer", buyer, key="offer", **wanted) == {**done, "replayed": True}
    (offer,) = open_offers(stack, buyer)
    assert offer == {**wanted, "id": done["details"]["offer_id"], "decimals": 2}
    assert open_offers(stack, stack.sign_up()) == []
    assert offer["id"] not in stack.get("/api/packages").text
    assert states(supporter, buyer) == ["open"]
    (row,) = actions_about(database, buyer.id)
    assert (row["action"], row["arguments"]["offer_id"]) == ("offer", offer["id"])
    # The row stays when the account is deleted, so it has no texts for the buyer.
    assert wanted["note"] not in json.dumps([row["arguments"], row["result"]])
    other = admin.act("offer", buyer, key="offer", **terms(note="Another note."))
    assert code(other) == (409, "idempotency_key_reused")


def test_without_signing_in_nobody_sees_an_offer(stack: RunningStack) -> None:
    assert code(as_described(stack.get("/api/offers"))) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"unit_amount": 10}, (400, "unsellable_price")),
        ({"currency": "xxx"}, (400, "unsellable_price")),
        ({"currency": "isk", "unit_amount": 10_050}, (400, "unsellable_price")),
        ({"currency": "usd "}, (400, "invalid_request")),
        ({"unit_amount": 99.0}, (400, "invalid_request")),
        ({"credits": 0}, (400, "invalid_request")),
        ({"name": " "}, (400, "invalid_request")),
        ({"name": "x" * 81}, (400, "invalid_request")),
        ({"note": "x" * 501}, (400, "invalid_request")),
        ({"note": ""}, (400, "invalid_request")),
        ({"valid_days": 0}, (400, "invalid_request")),
        ({"ends_at": None}, (400, "invalid_request")),
        ({"ends_at": "2026-12-31"}, (400, "invalid_request")),
        ({"ends_at": "2099-12-31T00:00:00"}, (400, "invalid_request")),
        ({"ends_at": in_days(-1)}, (409, "offer_end_wrong")),
        ({"ends_at": in_days(3700)}, (409, "offer_end_wrong")),
    ],
)
@pytest.mark.parametrize("preview", [True, False])
def test_what_cannot_be_sold_is_refused(
    admin: Desk, person: User, wrong: dict[str, Any], error: tuple[int, str], preview: bool
) -> None:
    answer = admin.act("offer", person, preview=preview, **{**terms(), **wrong})
    assert code(answer) == error
    assert states(admin, person) == []


def test_support_reads_offers_and_makes_and_withdraws_none(
    supporter: Desk, buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    for preview in (True, False):
        made = supporter.act("offer", buyer, preview=preview, **terms())
        assert code(made) == (403, "admins_only")
        withdrawn = supporter.act("withdraw_offer", buyer, preview=preview, offer_id=offer)
        assert code(withdrawn) == (403, "admins_only")
    nobody = Desk(stack, buyer)
    assert code(nobody.act("offer", buyer, **terms())) == (403, "not_staff")
    assert states(supporter, buyer) == ["open"]


def test_a_withdrawn_offer_is_gone_from_the_store_and_told_so(
    admin: Desk, colleague: Desk, buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    stranger = stack.sign_up()
    theirs = admin.act("withdraw_offer", stranger, offer_id=offer)
    assert code(theirs) == (404, "unknown_offer")
    done = admin.done("withdraw_offer", buyer, offer_id=offer)
    assert done["details"] == {"offer_id": offer, "is_being_paid": False}
    assert code(colleague.act("withdraw_offer", buyer, offer_id=offer)) == (409, "already_done")
    assert open_offers(stack, buyer) == []
    assert code(checkout(stack, buyer, offer)) == (409, "offer_ended")
    assert states(admin, buyer) == ["withdrawn"]


# Bought ------------------------------------------------------------------------------------------


def test_an_offer_is_bought_through_the_same_checkout_once(
    admin: Desk, buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    session = shop.buy(stack, buyer, offer)
    assert stack.balance_of(buyer) == 20_000
    order = shop.purchase(stack, session)
    assert (order["status"], order["package_id"], order["package_name"]) == (
        "paid",
        offer,
        "Enterprise",
    )
    assert (order["amount_paid"], order["valid_days"], order["credits_posted"]) == (
        9_900,
        365,
        20_000,
    )
    assert open_offers(stack, buyer) == []
    assert states(admin, buyer) == ["bought"]
    assert code(checkout(stack, buyer, offer)) == (409, "offer_bought")
    assert code(admin.act("withdraw_offer", buyer, offer_id=offer)) == (409, "offer_bought")
    receipt = stack.get(f"/api/receipt?order_id={order['id']}", headers=buyer.auth)
    assert receipt.status_code == 200
    shop.refund(stack, session, 9_900)
    until(lambda: stack.balance_of(buyer) == 0, "the refund has come")
    assert code(checkout(stack, buyer, offer)) == (409, "offer_bought")
    Purse(database, buyer.id).adds_up()


def test_revenue_has_one_line_for_all_offers(
    admin: Desk, stack: RunningStack, database: Database
) -> None:
    def revenue() -> dict[str, int]:
        packs = admin.read("money", days="1")["packs"]
        assert all("-" not in (pack["package_id"] or "") for pack in packs)
        found = [pack for pack in packs if (pack["package_id"], pack["currency"]) == (None, "chf")]
        assert {pack["name"] for pack in found} <= {"Offers"}
        return {name: sum(pack[name] for pack in found) for name in ("purchases", "paid")}

    before = revenue()
    for _ in range(2):
        buyer = stack.sign_up()
        offer = offered(database, buyer.id, currency="chf", unit_amount=5_000)
        shop.buy(stack, buyer, offer)
    after = revenue()
    assert {name: after[name] - before[name] for name in after} == {"purchases": 2, "paid": 10_000}


def test_a_second_click_and_a_second_tab_get_the_page_that_is_open(
    buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    first = checkout(stack, buyer, offer, locale="en").json()
    # In another language, and with other keys: still one checkout.
    second = checkout(stack, buyer, offer, locale="de").json()
    third = as_described(
        stack.post(
            "/api/create-checkout-session",
            json={"package_type": offer},
            headers={**buyer.auth, "Idempotency-Key": uuid.uuid4().hex},
        )
    ).json()
    assert first == second == third
    row = database.execute(
        "select count(*) as orders from purchases where package_id = %s", [offer]
    ).fetchone()
    assert row == {"orders": 1}


def test_clicks_at_once_open_one_checkout(
    buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(lambda _: checkout(stack, buyer, offer), range(4)))
    opened = {answer.json()["url"] for answer in answers if answer.status_code == 200}
    assert len(opened) == 1
    assert {answer.status_code for answer in answers} <= {200, 502, 503}
    rows = database.execute(
        "select status from purchases where package_id = %s and checkout_session_id is not null",
        [offer],
    ).fetchall()
    assert rows == [{"status": "open"}]


def test_a_payment_whose_webhook_was_lost_is_found_by_the_next_click(
    buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    with shop.no_webhooks(stack):
        shop.buy(stack, buyer, offer)
    assert code(checkout(stack, buyer, offer)) == (409, "offer_bought")
    assert stack.balance_of(buyer) == 20_000


def test_after_a_page_that_expired_the_next_click_opens_another(
    buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    first = shop.begin(stack, buyer, offer)
    with shop.no_webhooks(stack):
        shop.stripe_client(stack).v1.checkout.sessions.expire(first)
    second = shop.begin(stack, buyer, offer)
    assert second != first
    assert shop.purchase(stack, first)["status"] == "expired"
    shop.pay(stack, second)
    assert stack.balance_of(buyer) == 20_000


def test_a_checkout_that_stripe_did_not_open_is_tried_again_at_once(
    buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    shop.begin(stack, buyer)  # So the customer exists, and the session is what fails.
    with shop.trouble(stack, fail_next=2, status=500):
        assert code(checkout(stack, buyer, offer)) == (502, "stripe_failed")
    shop.pay(stack, shop.begin(stack, buyer, offer))
    assert stack.balance_of(buyer) == 20_000
    rows = database.execute(
        "select status from purchases where package_id = %s order by created_at", [offer]
    ).fetchall()
    assert [row["status"] for row in rows] == ["open", "paid"]


def test_a_payment_that_a_bank_has_to_confirm_keeps_the_offer(
    admin: Desk, buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    session = shop.begin(stack, buyer, offer)
    shop.pay_by_bank(stack, session)
    assert states(admin, buyer) == ["processing"]
    assert open_offers(stack, buyer) == []
    assert code(checkout(stack, buyer, offer)) == (409, "offer_bought")
    stack.simulate(f"sessions/{session}/settle", outcome="failed")
    until(lambda: states(admin, buyer) == ["open"], "the failure has come")
    shop.buy(stack, buyer, offer)
    assert states(admin, buyer) == ["bought"]


@pytest.mark.parametrize("ending", ["withdrawn", "expired"])
def test_an_order_that_began_before_the_end_still_settles(
    admin: Desk, buyer: User, stack: RunningStack, database: Database, ending: str
) -> None:
    offer = offered(database, buyer.id)
    session = shop.begin(stack, buyer, offer)
    if ending == "withdrawn":
        done = admin.done("withdraw_offer", buyer, offer_id=offer)
        assert done["details"]["is_being_paid"] is True
    else:
        end(database, offer)
    assert states(admin, buyer) == [ending]
    assert open_offers(stack, buyer) == []
    assert code(checkout(stack, buyer, offer)) == (409, "offer_ended")
    shop.pay(stack, session)
    assert stack.balance_of(buyer) == 20_000
    assert states(admin, buyer) == ["bought"]


def test_somebody_elses_offer_answers_as_an_unknown_package_does(
    buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id)
    ended, bought = offered(database, buyer.id), offered(database, buyer.id)
    end(database, ended)
    shop.buy(stack, buyer, bought)
    stranger = stack.sign_up()
    unknown = checkout(stack, stranger, str(uuid.uuid4()))
    for theirs in (offer, ended, bought):
        answer = checkout(stack, stranger, theirs)
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    assert code(unknown) == (404, "unknown_package")


# The account -------------------------------------------------------------------------------------


def test_offers_are_in_the_export_and_go_with_the_account(
    admin: Desk, buyer: User, stack: RunningStack, database: Database
) -> None:
    offer = offered(database, buyer.id, note="For Ada")
    found = as_described(stack.get("/api/account/export", headers=buyer.auth)).json()["offers"]
    assert [(row["id"], row["note"], row["state"]) for row in found] == [(offer, "For Ada", "open")]
    admin.done("forget", buyer)
    assert database.execute("select from offers where id = %s", [offer]).fetchall() == []
    assert code(as_described(stack.get("/api/offers", headers=buyer.auth))) == (
        403,
        "account_deleted",
    )
    assert code(admin.act("offer", buyer, **terms())) == (409, "person_deleted")
    assert states(admin, buyer) == []
