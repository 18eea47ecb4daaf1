"""The functions behind the return page, reconciliation and doctor."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.actors import as_service
from tests.database.purse import Purse
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


def call(database: Database, function: str, *arguments: Any) -> Any:
    holes = ", ".join(["%s"] * len(arguments))
    row = database.execute(f"select {function}({holes}) as answer", arguments).fetchone()
    assert row is not None
    return row["answer"]


def record(database: Database, facts: dict[str, Any]) -> None:
    call(database, "record_facts", Jsonb(facts))


@pytest.fixture
def undone(database: Database) -> Iterator[Database]:
    """A transaction that leaves nothing behind."""
    with database.transaction(force_rollback=True):
        yield database


# The return page -------------------------------------------------------------------------------


def test_stripe_is_asked_once_in_so_many_seconds(database: Database) -> None:
    user_id = str(uuid.uuid4())
    asked = [call(database, "claim_stripe_lookup", user_id, 60) for _ in range(3)]
    assert asked == [True, False, False]
    assert call(database, "claim_stripe_lookup", user_id, 0)
    assert call(database, "claim_stripe_lookup", str(uuid.uuid4()), 60)


def test_of_many_who_ask_at_once_one_may(stack: RunningStack) -> None:
    user_id = str(uuid.uuid4())

    def claim(_: int) -> bool:
        with stack.connect() as database:
            may: bool = call(database, "claim_stripe_lookup", user_id, 60)
            return may

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(claim, range(10))) == 1


@pytest.mark.parametrize(("refunds", "shown"), [([], 0), ([100], 100), ([100, 300, 400], 499)])
def test_a_purchase_shows_what_was_refunded(
    database: Database, refunds: list[int], shown: int
) -> None:
    order = Order()
    record(database, order.facts("paid"))
    for amount in refunds:
        record(database, Reversal(order).refund(amount))
    with as_service(database):
        answer = call(database, "refresh_credits", order.user_id, 20, None, order.session_id)
    assert (answer["purchase"]["status"], answer["purchase"]["refunded"]) == ("paid", shown)


# Reconciliation --------------------------------------------------------------------------------


def test_a_run_begins_goes_on_and_ends(undone: Database) -> None:
    undone.execute("delete from reconciliations")
    first = call(undone, "begin_reconciliation", False)
    assert (first["since"], first["step"], first["after_id"]) == (None, None, None)
    call(undone, "save_reconciliation", False, first["started_at"], "refunds", "re_1")
    again = call(undone, "begin_reconciliation", False)
    assert again == {**first, "step": "refunds", "after_id": "re_1"}
    call(undone, "save_reconciliation", False, first["started_at"])
    following = call(undone, "begin_reconciliation", False)
    assert following["since"] is not None
    assert (following["step"], following["after_id"]) == (None, None)
    assert following["started_at"] > first["started_at"]


def test_a_run_that_is_whole_is_not_revived_by_a_slower_one(undone: Database) -> None:
    undone.execute("delete from reconciliations")
    run = call(undone, "begin_reconciliation", False)
    call(undone, "save_reconciliation", False, run["started_at"])
    call(undone, "save_reconciliation", False, run["started_at"], "sessions", "cs_1")
    row = undone.execute("select step, started_at from reconciliations").fetchone()
    assert row == {"step": None, "started_at": None}


def test_live_and_test_mode_are_reconciled_apart(undone: Database) -> None:
    undone.execute("delete from reconciliations")
    run = call(undone, "begin_reconciliation", False)
    call(undone, "save_reconciliation", False, run["started_at"])
    assert call(undone, "begin_reconciliation", True)["since"] is None


def test_orders_that_may_still_change_are_listed_page_by_page(undone: Database) -> None:
    states = {"open": Order(), "processing": Order(), "expired": Order(), "paid": Order()}
    for state, order in states.items():
        record(undone, order.facts(state))
    undone.execute("update purchases set created_at = now() - interval '3 days'")
    wanted = sorted(states[state].order_id for state in ("open", "processing"))
    at = undone.execute("select extract(epoch from now())::bigint as at").fetchone()
    assert at is not None
    listed: list[str] = []
    after = None
    while page := call(undone, "unsettled_orders", False, at["at"], after, 1):
        (entry,) = page
        listed.append(entry["order_id"])
        after = entry["order_id"]
    assert set(wanted) <= set(listed)
    assert listed == sorted(listed)
    others = {states[state].order_id for state in ("expired", "paid")}
    assert not others & set(listed)
    undone.execute("update purchases set created_at = now() - interval '61 days'")
    assert call(undone, "unsettled_orders", False, at["at"], None, 9) == []


def test_reconciling_tells_what_it_changed(database: Database) -> None:
    order = Order()
    refund = Reversal(order).refund(499)
    told = [
        call(database, "reconcile_facts", Jsonb(facts))
        for facts in (refund, order.facts("paid"), order.facts("paid"), refund)
    ]
    assert told[0] is None
    assert [(each["posted_before"], each["posted"]) for each in told[1:]] == [(0, 0)] * 3
    won = Reversal(order, refund["reversal_id"].removeprefix("re_")).refund(499, "failed")
    answer = call(database, "reconcile_facts", Jsonb(won))
    assert answer == {
        "purchase_id": order.order_id,
        "status": "paid",
        "decision": None,
        "posted_before": 0,
        "posted": 500,
    }


def test_a_rehearsal_says_what_would_be_and_leaves_no_trace(database: Database) -> None:
    known, unknown = Order(), Order()
    record(database, known.facts("paid"))
    facts = [
        known.facts("paid"),
        Reversal(known).refund(499),
        unknown.facts("paid"),
        Order().facts("open"),
    ]
    answer = call(database, "rehearse_facts", Jsonb(facts))
    assert {
        (each["purchase_id"], each["user_id"], each["posted_before"], each["posted"])
        for each in answer
    } == {
        (known.order_id, known.user_id, 500, 0),
        (unknown.order_id, unknown.user_id, 0, 500),
    }
    row = database.execute(
        "select count(*) from purchases where id = %s", [unknown.order_id]
    ).fetchone()
    assert row == {"count": 0}
    row = database.execute(
        "select balance from user_credits where user_id = %s", [known.user_id]
    ).fetchone()
    assert row == {"balance": 500}


def test_a_rehearsal_of_what_is_refused_is_refused(database: Database) -> None:
    order = Order()
    record(database, order.facts("open"))
    stolen = order.facts("paid", user_id=str(uuid.uuid4()))
    with pytest.raises(psycopg.DatabaseError) as refused:
        call(database, "rehearse_facts", Jsonb([stolen]))
    assert refused.value.sqlstate == "PT409"


# Doctor ----------------------------------------------------------------------------------------


def test_doctor_reads_and_does_not_write(database: Database) -> None:
    """PostgREST runs it read-only, which a function that writes would not survive."""
    row = database.execute(
        """
        select bool_and(provolatile = 's') as stable from pg_proc
        where proname in ('doctor', 'doctor_user', 'known_events', 'paid_orders')
        """
    ).fetchone()
    assert row == {"stable": True}


def test_of_a_person_doctor_knows_orders_reversals_and_events(
    stack: RunningStack, database: Database
) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    record(database, order.facts("paid"))
    record(database, Reversal(order).refund(100))
    with as_service(database):
        person = call(database, "doctor_user", user.email.upper())
    assert (person["user_id"], person["balance"], person["ledger"]) == (user.id, 399, 399)
    (told,) = person["orders"]
    assert (told["order_id"], told["target"], told["withdrawn"]) == (order.order_id, 399, 100)
    assert [reversal["amount"] for reversal in told["reversals"]] == [100]
    assert call(database, "doctor_user", "nobody@example.com") is None


@pytest.mark.parametrize(
    ("noted", "is_off"),
    [
        ("next_lot_id = null", True),
        ("next_lot_id = (select max(id) from credit_lots where user_id = %(user)s)", True),
        ("next_lot_id = (select max(id) from credit_lots where user_id <> %(user)s)", True),
        ("next_lot_free = 8", True),
        ("next_lot_free = -1", True),
        (
            (
                "next_lot_free = 0,"
                " next_lot_id = (select min(id) from credit_lots where user_id = %(user)s)"
            ),
            False,
        ),
        ("next_lot_free = null", False),
        ("next_lot_id = next_lot_id", False),
    ],
    ids=[
        "none",
        "a later one",
        "another user's",
        "more than is free",
        "a debt",
        "one that is used up",
        "nothing noted",
        "the right one",
    ],
)
def test_doctor_names_what_is_noted_wrong_for_the_next_spend(
    undone: Database, noted: str, *, is_off: bool
) -> None:
    purse = Purse(undone)
    for credits_ in (5, 7, 9):
        purse.grant(credits_)
    Purse(undone).grant(1)
    purse.spend()
    undone.execute(
        f"update user_credits set {noted} where user_id = %(user)s",
        {"user": purse.user_id},
    )
    named = [case["user_id"] for case in call(undone, "doctor")["next_lots_off"]]
    assert (purse.user_id in named) is is_off


@pytest.mark.parametrize(
    "tampering",
    [
        "update user_credits set balance = balance + 7",
        "update user_credits set held = held + 7, next_lot_free = null",
        "update user_credits set has_held = false, lapses_at = null",
        "update user_credits set next_lot_free = next_lot_free + 7",
        "update user_credits set next_lot_id = 0",
        "update user_credits set next_lot_id = null, next_lot_free = null",
        "update credit_lot_rows set remaining = remaining - 7, held = held + 3",
    ],
)
def test_an_account_that_somebody_changed_is_written_anew(undone: Database, tampering: str) -> None:
    purse = Purse(undone)
    purse.buy(20)
    purse.grant(30, days=1)
    purse.spend()
    purse.hold()
    purse.spend()
    before = (purse.balance, purse.available, purse.lots())
    undone.execute(f"{tampering} where user_id = %s", [purse.user_id])
    for _ in range(2):
        undone.execute("select purse.rewrite_account(%s)", [purse.user_id])
        purse.adds_up()
        assert (purse.balance, purse.available, purse.lots()) == before
    found = call(undone, "doctor")
    for check in ("balances_off", "lots_off", "next_lots_off", "holds_off"):
        assert purse.user_id not in [case["user_id"] for case in found[check]], check
    purse.spend()
    purse.time_passes(days=2)
    assert purse.balance == 20
    purse.adds_up()


def test_rows_of_an_account_that_does_not_exist_get_one(undone: Database) -> None:
    user_id = Order().user_id
    for amount in (7, -7):
        undone.execute(
            """
            insert into credit_transactions (
                user_id, kind, amount, balance_after, lots, actor, reason
            )
            values (%s, 'correction', %s, 0, '{}', 'ann', 'why')
            """,
            [user_id, amount],
        )

    def named() -> bool:
        return user_id in [case["user_id"] for case in call(undone, "doctor")["balances_off"]]

    assert named()
    undone.execute("select purse.rewrite_account(%s)", [user_id])
    assert not named()


@pytest.mark.parametrize(
    ("changed", "is_off"),
    [
        ("has_held = false", True),
        ("lapses_at = null", True),
        ("lapses_at = lapses_at + interval '1 second'", True),
        ("lapses_at = lapses_at - interval '1 second'", False),
    ],
)
def test_doctor_names_a_hold_that_would_be_overlooked(
    undone: Database, changed: str, *, is_off: bool
) -> None:
    purse = Purse(undone)
    purse.grant(5)
    purse.hold()
    undone.execute(f"update user_credits set {changed} where user_id = %s", [purse.user_id])
    named = [case["user_id"] for case in call(undone, "doctor")["holds_off"]]
    assert (purse.user_id in named) is is_off


def test_doctor_tells_a_refund_that_waits_for_its_purchase(undone: Database) -> None:
    before = call(undone, "doctor")["waiting_reversals"]
    record(undone, Reversal(Order()).refund(1))
    assert call(undone, "doctor")["waiting_reversals"] == before + 1
