"""Offers in the database: who may touch them, and that one is bought once."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.actors import as_anon, as_service, as_user
from tests.database.locks import behind, meanwhile
from tests.database.purse import Purse, key
from tests.offers import end, offered, terms
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def begin(purse: Purse, offer: str, **more: Any) -> dict[str, Any]:
    order: dict[str, Any] = purse.call(
        "begin_purchase", purse.user_id, offer, False, 10, None, None, more.get("key")
    )
    return order


def order_of(purse: Purse, offer: str, begun: dict[str, Any]) -> Order:
    """Return a begun order as Stripe then tells of it."""
    wanted = terms()
    return Order(
        user_id=purse.user_id,
        order_id=begun["order_id"],
        package_id=offer,
        package_name=wanted["name"],
        credits=wanted["credits"],
        unit_amount=wanted["unit_amount"],
        valid_days=wanted["valid_days"],
    )


def tell(purse: Purse, order: Order, state: str) -> None:
    purse.call("record_facts", Jsonb(order.facts(state, at=int(time.time()))))


def open_offers(purse: Purse) -> list[str]:
    return [offer["id"] for offer in purse.call("read_offers", purse.user_id)["offers"]]


def test_only_the_server_reads_offers_and_only_the_owner_writes_them(purse: Purse) -> None:
    database = purse.database
    offered(database, purse.user_id)
    actors = (as_anon(database), as_user(database, purse.user_id))
    for actor in actors:
        with pytest.raises(psycopg.errors.InsufficientPrivilege), actor:
            database.execute("select * from offers")
    with as_service(database):
        rows = database.execute("select * from offers where user_id = %s", [purse.user_id])
        assert len(rows.fetchall()) == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege), as_service(database):
        database.execute("update offers set unit_amount = 50 where user_id = %s", [purse.user_id])
    for function in ("read_offers(%s)", "abandon_order(%s)"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            as_user(database, purse.user_id),
        ):
            database.execute(f"select {function}", [purse.user_id])


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit_amount": 49},
        {"currency": "xxx"},
        {"currency": "isk", "unit_amount": 10_050},
        {"credits": 0},
        {"name": " "},
        {"note": ""},
        {"valid_days": 3651},
    ],
)
def test_the_table_refuses_what_cannot_be_sold(purse: Purse, wrong: dict[str, Any]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        offered(purse.database, purse.user_id, **wrong)


def test_the_order_copies_the_offer_and_settles_without_it(purse: Purse) -> None:
    offer = offered(purse.database, purse.user_id)
    begun = begin(purse, offer)
    assert (begun["package_id"], begun["credits"], begun["unit_amount"]) == (offer, 20_000, 9_900)
    order = order_of(purse, offer, begun)
    # The seal that the database made is the one that Stripe brings back.
    assert begun["seal"] == order.seal()
    purse.database.execute("delete from offers where id = %s", [offer])
    tell(purse, order, "paid")
    assert purse.balance == 20_000
    purse.adds_up()


def test_a_lost_database_gets_the_purchase_of_an_offer_back_from_stripe_alone(
    purse: Purse,
) -> None:
    order = Order(user_id=purse.user_id, package_id=str(uuid.uuid4()), package_name="Enterprise")
    tell(purse, order, "paid")
    assert purse.balance == order.credits


def test_while_a_checkout_may_be_paid_every_request_gets_that_order(purse: Purse) -> None:
    offer = offered(purse.database, purse.user_id)
    begun = begin(purse, offer)
    assert begun["open_session_id"] is None
    again = begin(purse, offer, key=key())
    assert again == begun
    order = order_of(purse, offer, begun)
    tell(purse, order, "open")
    assert begin(purse, offer)["open_session_id"] == order.session_id
    tell(purse, order, "expired")
    assert begin(purse, offer)["order_id"] != begun["order_id"]


def test_an_order_whose_page_was_never_opened_is_given_up(purse: Purse) -> None:
    offer = offered(purse.database, purse.user_id)
    crashed = begin(purse, offer)
    purse.database.execute(
        "update purchases set created_at = created_at - interval '61 seconds' where id = %s",
        [crashed["order_id"]],
    )
    failed = begin(purse, offer)
    assert failed["order_id"] != crashed["order_id"]
    assert purse.call("abandon_order", failed["order_id"]) is True
    opened = begin(purse, offer)
    assert opened["order_id"] not in {crashed["order_id"], failed["order_id"]}
    tell(purse, order_of(purse, offer, opened), "open")
    assert purse.call("abandon_order", opened["order_id"]) is False


def test_a_page_that_another_request_opened_after_all_is_used_again(purse: Purse) -> None:
    """Of two clicks at once, one gives the order up and the other opens its page."""
    offer = offered(purse.database, purse.user_id)
    begun = begin(purse, offer)
    purse.call("abandon_order", begun["order_id"])
    order = order_of(purse, offer, begun)
    tell(purse, order, "open")
    again = begin(purse, offer)
    assert (again["order_id"], again["open_session_id"]) == (begun["order_id"], order.session_id)


def test_each_order_that_was_given_up_stays_so(purse: Purse) -> None:
    offer = offered(purse.database, purse.user_id)
    orders = []
    for _ in range(3):
        orders.append(begin(purse, offer)["order_id"])
        assert purse.call("abandon_order", orders[-1]) is True
    assert purse.call("abandon_order", orders[0]) is True
    assert begin(purse, offer)["order_id"] not in orders


def test_an_abandoned_order_that_was_paid_all_the_same_is_paid(purse: Purse) -> None:
    offer = offered(purse.database, purse.user_id)
    begun = begin(purse, offer)
    purse.call("abandon_order", begun["order_id"])
    tell(purse, order_of(purse, offer, begun), "paid")
    assert purse.balance == 20_000
    assert purse.refusal(begin, purse, offer) == ("PT409", "offer_bought")


def test_who_may_begin_an_order_of_an_offer(purse: Purse) -> None:
    offer = offered(purse.database, purse.user_id)
    assert purse.refusal(begin, Purse(purse.database), offer) == ("PT404", None)
    end(purse.database, offer)
    assert purse.refusal(begin, purse, offer) == ("PT409", "offer_ended")
    assert purse.refusal(begin, Purse(purse.database), offer) == ("PT404", None)
    assert open_offers(purse) == []


def test_an_order_of_a_test_does_not_count_on_a_live_ledger(purse: Purse) -> None:
    """The open order of the other mode is not handed out: its page takes no real money."""
    offer = offered(purse.database, purse.user_id)
    begun = begin(purse, offer)
    purse.database.execute(
        "update purchases set livemode = true where id = %s", [begun["order_id"]]
    )
    try:
        assert begin(purse, offer)["order_id"] != begun["order_id"]
    finally:
        purse.database.execute(
            "update purchases set livemode = false where id = %s", [begun["order_id"]]
        )


def test_two_orders_at_once_are_one(purse: Purse, stack: RunningStack) -> None:
    offer = offered(purse.database, purse.user_id)
    orders = behind(
        stack,
        lambda one: one.execute(
            "select pg_advisory_xact_lock(hashtextextended('begin_purchase:' || %s, 0))",
            [purse.user_id],
        ),
        [lambda each: begin(Purse(each, purse.user_id), offer) for _ in range(3)],
    )
    assert len({order["order_id"] for order in orders}) == 1


def test_offers_move_with_the_purse(purse: Purse) -> None:
    guest, member = Purse(purse.database), purse
    bought, open_ = (offered(purse.database, guest.user_id) for _ in range(2))
    tell(guest, order_of(guest, bought, begin(guest, bought)), "paid")
    purse.call("move_purse", guest.user_id, member.user_id, "ann", "signed in")
    assert open_offers(guest) == []
    assert open_offers(member) == [open_]
    assert purse.refusal(begin, member, bought) == ("PT409", "offer_bought")
    assert begin(member, open_)["package_id"] == open_


def test_an_offer_and_a_deletion_at_once_leave_no_offer(purse: Purse, stack: RunningStack) -> None:
    purse.grant(1)
    refused: list[str | None] = []

    def make(other: Database) -> None:
        try:
            other.execute(
                "select purse.make_offer(%s, %s)",
                [purse.user_id, Jsonb(terms())],
            )
        except psycopg.Error as error:
            refused.append(error.diag.message_detail)

    with meanwhile(
        stack,
        lambda one: one.execute("select forget_user(%s, 'ann', 'They asked')", [purse.user_id]),
        make,
    ):
        assert refused == ["account_deleted"]
    rows = purse.database.execute("select from offers where user_id = %s", [purse.user_id])
    assert rows.fetchall() == []


def test_doctor_names_an_offer_that_a_deleted_account_left_behind(purse: Purse) -> None:
    purse.grant(1)
    purse.call("forget_user", purse.user_id, "ann", "They asked", None)
    offer = offered(purse.database, purse.user_id)
    found = purse.call("doctor_deleted")["left_behind"]
    (what,) = (each["what"] for each in found if each["user_id"] == purse.user_id)
    assert "offers" in what
    purse.database.execute("delete from offers where id = %s", [offer])
