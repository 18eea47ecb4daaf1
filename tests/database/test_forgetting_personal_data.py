"""forget_user: personal data goes here and at Stripe; that of others stays."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.database.forgetting import (
    PERSONS,
    account,
    customer_of,
    doctor,
    finish,
    forget,
    unfinished,
)
from tests.database.ledger import record, row_of
from tests.database.purse import Purse, key
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def test_what_is_personal_goes_and_the_ledger_stays(purse: Purse) -> None:
    database, user_id = purse.database, purse.user_id
    address = f"{key()}@example.com"
    begun = purse.call("begin_purchase", user_id, "starter", False, 10, None, address)
    purse.call("link_stripe_customer", user_id, False, "cus_" + key(), address)
    order = Order(user_id=user_id)
    record(database, {**order.facts("paid"), "customer_id": "cus_old" + key()})
    record(database, {**order.facts("open"), "decline_code": "stolen_card"})
    purse.call("grant_signup_bonus", user_id, address, 5)
    purse.call("claim_stripe_lookup", user_id, 1)
    purse.call("count_request", user_id, "receipt", 20, 60)
    purse.call("count_request", user_id, "export", 10, 3600)
    purse.call("note_store_opened", user_id)
    purse.hold(key="letter to my doctor")
    database.execute("insert into mail_preferences (user_id) values (%s)", [user_id])
    forget(purse)

    tables = (
        *("stripe_customers", "stripe_lookups", "request_counts", "mail_preferences"),
        "store_visits",
    )
    for table in tables:
        rows = database.execute(f"select from {table} where user_id = %s", [user_id])
        assert rows.fetchall() == [], table
    assert row_of(database, "purchases", order.order_id)["customer_id"] is None
    assert row_of(database, "purchases", begun["order_id"])["status"] == "open"
    holds = database.execute(
        "select idempotency_key = id::text as is_id from credit_holds where user_id = %s", [user_id]
    ).fetchall()
    assert holds == [{"is_id": True}]
    declines = database.execute(
        "select from card_declines where purchase_id = %s", [order.order_id]
    ).fetchall()
    assert declines == []
    assert purse.ledger() == [("purchase", 500), ("bonus", 5), ("forfeit", -505)]


def test_what_is_personal_of_somebody_else_stays(database: Database, purse: Purse) -> None:
    other = Purse(database)
    order = Order(user_id=other.user_id)
    record(database, {**order.facts("open"), "decline_code": "stolen_card"})
    other.call("link_stripe_customer", other.user_id, False, "cus_" + key())
    other.call("begin_purchase", other.user_id, "starter", False, 10)
    other.call("claim_stripe_lookup", other.user_id, 1)
    other.call("count_request", other.user_id, "export", 10, 3600)
    other.call("grant_signup_bonus", other.user_id, f"{key()}@example.com", 5)
    other.hold(key="my own letter")
    database.execute("insert into mail_preferences (user_id) values (%s)", [other.user_id])
    kept = {
        "stripe_customers": "user_id",
        "stripe_lookups": "user_id",
        "request_counts": "user_id",
        "store_visits": "user_id",
        "signup_bonuses": "user_id",
        "mail_preferences": "user_id",
        "credit_holds": "user_id",
        "purchases": "user_id",
        "card_declines": "(select p.user_id from purchases p where p.id = purchase_id)",
        "user_credits": "user_id",
    }

    def rows() -> dict[str, list[dict[str, Any]]]:
        return {
            table: database.execute(
                f"select * from {table} where {owner} = %s order by 1, 2", [other.user_id]
            ).fetchall()
            for table, owner in kept.items()
        }

    before = rows()
    assert all(before.values()), before
    purse.buy(500)
    forget(purse)
    assert rows() == before


def test_the_hash_of_an_address_leads_to_nobody_and_still_brings_no_second_bonus(
    database: Database, purse: Purse
) -> None:
    address = f"{key()}@example.com"
    assert purse.call("grant_signup_bonus", purse.user_id, address, 5) is True
    forget(purse)
    row = database.execute(
        "select user_id from signup_bonuses where address_hash = purse.address_hash(%s)", [address]
    ).fetchone()
    assert row == {"user_id": None}
    again = Purse(database)
    assert again.call("grant_signup_bonus", again.user_id, address, 5) is False


def test_stripe_is_told_of_every_customer_and_open_checkout(purse: Purse) -> None:
    user_id = purse.user_id
    new, old = f"cus_{key()}", f"cus_{key()}"
    purse.call("begin_purchase", user_id, "starter", False, 10)
    purse.call("link_stripe_customer", user_id, False, new)
    order = Order(user_id=user_id)
    record(purse.database, {**order.facts("open", at=int(time.time())), "customer_id": old})
    forget(purse)
    work = purse.call("forgetting_work", user_id)
    assert work == {
        "customers": {new: False, old: False},
        "email": None,
        "checkout_sessions": [order.session_id],
    }
    assert finish(purse, old) is False
    assert purse.call("forgetting_work", user_id)["customers"] == {new: False}
    assert UUID(user_id) in unfinished(purse)
    assert finish(purse, new, "cus_by_address") is True
    assert UUID(user_id) not in unfinished(purse)
    assert doctor(purse) == {}


def test_a_customer_that_came_in_while_others_were_deleted_is_kept(purse: Purse) -> None:
    """A fact of Stripe's arrives between forgetting_work and finish_forgetting."""
    known, late = customer_of(purse), f"cus_{key()}"
    forget(purse)
    assert purse.call("forgetting_work", purse.user_id)["customers"] == {known: False}
    customer_of(purse, late)
    forget(purse)
    assert finish(purse, known) is False
    assert purse.call("forgetting_work", purse.user_id)["customers"] == {late: False}
    assert finish(purse, late) is True


def test_what_came_in_between_is_removed_by_forgetting_again(purse: Purse) -> None:
    forget(purse)
    assert finish(purse) is True
    customer = customer_of(purse)
    (left,) = doctor(purse)["left_behind"]
    assert left["what"] == ["the id of a Stripe customer"]
    forget(purse)
    assert purse.call("forgetting_work", purse.user_id)["customers"] == {customer: False}
    (left,) = doctor(purse)["left_behind"]
    assert left["what"] == ["a Stripe customer", "a deletion that has not ended"]
    assert finish(purse, customer) is True
    assert doctor(purse) == {}


def test_the_customers_of_the_other_mode_do_not_keep_an_older_deletion_waiting(
    database: Database,
) -> None:
    """The daily clean-up of a deployment with a test key cannot delete live customers."""
    live, test, no_customer, both = (Purse(database) for _ in range(4))
    customer_of(live, livemode=True)
    customer_of(test)
    customer_of(both, livemode=True)
    customer_of(both)
    for purse in (live, test, no_customer, both):
        forget(purse)
    every = [UUID(purse.user_id) for purse in (live, test, no_customer, both)]

    def waiting(*, livemode: bool | None) -> list[UUID]:
        return [each for each in unfinished(live, livemode=livemode) if each in every]

    assert waiting(livemode=False) == every[1:]
    assert waiting(livemode=True) == [every[0], *every[2:]]
    # A deployment without a key deletes no customer.
    assert waiting(livemode=None) == [every[2]]
    oldest = unfinished(live)[:1]
    assert unfinished(live, most=1) == oldest


def test_deletions_go_on_in_the_order_in_which_they_began(database: Database) -> None:
    purses = [Purse(database) for _ in range(3)]
    for purse in purses:
        forget(purse)
    for days, purse in zip((2, 3, 1), purses, strict=True):
        database.execute(
            "update deleted_accounts set deleted_at = now() - make_interval(days => %s)"
            " where user_id = %s",
            [1000 * days, purse.user_id],
        )
    found = unfinished(purses[0], most=3)
    assert found == [UUID(purses[place].user_id) for place in (1, 0, 2)]
    for purse in purses:
        assert finish(purse) is True


def test_an_account_that_exists_has_nothing_to_finish(purse: Purse) -> None:
    purse.buy(500)
    assert purse.call("forgetting_work", purse.user_id) is None
    assert finish(purse) is None
    assert purse.balance == 500


def test_the_guest_whose_purse_moved_here_is_the_same_person(
    database: Database, purse: Purse
) -> None:
    guest = Purse(database)
    order = guest.buy(500)
    guest.call("move_purse", guest.user_id, purse.user_id, "ann", "signed in")
    purse.hold()
    answer = forget(purse)
    assert sorted(answer["user_ids"]) == sorted([guest.user_id, purse.user_id])
    assert answer["credits_given_up"] == 500
    # What was left is counted once, with the account that had it.
    rows = database.execute(
        "select d.user_id::text, d.credits_given_up, d.debt_written_off, d.holds_released,"
        " u.deleted_at = d.deleted_at as is_marked"
        " from deleted_accounts d join user_credits u on u.user_id = d.user_id"
        " where d.user_id = any (%s::uuid[])",
        [[guest.user_id, purse.user_id]],
    ).fetchall()
    assert {tuple(row.values()) for row in rows} == {
        (guest.user_id, 0, 0, 0, True),
        (purse.user_id, 500, 0, 1, True),
    }
    arguments = PERSONS["refresh_credits"](guest)
    assert guest.refusal("refresh_credits", *arguments) == ("PT403", "account_deleted")
    purse.refund(order, 500)
    assert account(purse) == (0, 0)
    purse.adds_up()
