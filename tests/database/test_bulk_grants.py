"""Batches of grants: crashes between lines, accounts in use, and whom a line names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.batches import begin, lines_of
from tests.database.forgetting import doctor, forget
from tests.database.purse import Purse, key
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from local.stack import Running
    from tests.support import Accounts, RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def admin_id(stack: RunningStack, accounts: Accounts) -> str:
    return accounts.appoint(stack.sign_up(), "admin").id


def known(database: Database, many: int) -> list[Purse]:
    """Return people whom the ledger knows, in the order of their ids."""
    purses = sorted((Purse(database) for _ in range(many)), key=lambda purse: purse.user_id)
    database.execute(
        "insert into user_credits (user_id) select unnest(%s::uuid[])",
        [[purse.user_id for purse in purses]],
    )
    return purses


def test_a_crash_between_lines_loses_nothing_and_doubles_nothing(
    stack: RunningStack, database: Database, admin_id: str
) -> None:
    purses = known(database, 45)
    batch = begin(database, admin_id, lines_of([each.user_id for each in purses]))
    assert batch.step(database)["left"] == 35
    with stack.connect() as crashing:
        crashing.execute("begin")
        assert batch.step(crashing)["left"] == 25
        database.execute("select pg_terminate_backend(%s, 10000)", [crashing.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            crashing.execute("commit")
    assert batch.outcomes(database).count("granted") == 10
    done = batch.finish(database)
    assert (done["granted"], done["left"], done["credits_granted"]) == (45, 0, 45 * 40)
    for purse in purses:
        assert purse.ledger() == [("bonus", 40)]
        purse.adds_up()
    again = batch.step(database)
    assert again == {**done, "ended": 0}


def test_an_account_in_use_is_left_for_later_and_nobody_waits(
    stack: RunningStack, database: Database, admin_id: str
) -> None:
    purses = known(database, 3)
    batch = begin(database, admin_id, lines_of([each.user_id for each in purses]))
    database.execute("set statement_timeout = '10s'")
    with stack.connect() as holder, holder.transaction():
        holder.execute(
            "select from user_credits where user_id = %s for update", [purses[0].user_id]
        )
        step = batch.step(database)
        assert (step["ended"], step["left"]) == (2, 1)
        # Nothing else is left, so the caller knows to come back later.
        assert batch.step(database)["ended"] == 0
    assert batch.outcomes(database) == [None, "granted", "granted"]
    assert batch.step(database)["left"] == 0
    assert purses[0].ledger() == [("bonus", 40)]


def test_two_steps_at_once_share_the_lines(
    stack: RunningStack, database: Database, admin_id: str
) -> None:
    purses = known(database, 20)
    batch = begin(database, admin_id, lines_of([each.user_id for each in purses]))
    database.execute("set statement_timeout = '10s'")
    with stack.connect() as one, one.transaction():
        assert batch.step(one)["ended"] == 10
        assert batch.step(database)["ended"] == 10
    assert batch.outcomes(database) == ["granted"] * 20
    assert {tuple(purse.ledger()) for purse in purses} == {(("bonus", 40),)}


def test_a_line_that_names_an_address_of_two_accounts_is_ambiguous(
    stack: RunningStack, running: Running, admin_id: str
) -> None:
    """As with single sign-on, where Supabase lets accounts share an address."""
    user = stack.sign_up()
    lines = Jsonb(lines_of([user.email]))
    assert running.database is not None
    with (
        psycopg.connect(running.database.url()) as owner,
        owner.transaction(force_rollback=True),
    ):
        owner.execute("alter table auth.users drop constraint users_email_key")
        owner.execute(
            "insert into auth.users (id, email) values (gen_random_uuid(), %s)", [user.email]
        )
        previewed = owner.execute(
            "select public.desk_preview_grants(%s, 'Launch', %s) -> 0 ->> 'fault'",
            [admin_id, lines],
        ).fetchone()
        assert previewed == ("ambiguous_person",)
        begun = owner.execute(
            "select public.desk_begin_grants(%s, 'Launch', 'why', %s, %s)", [admin_id, lines, key()]
        ).fetchone()
        assert begun == ({"faulty": 1, "line": 2},)


def test_the_dry_run_foresees_what_has_expired_by_now(database: Database, admin_id: str) -> None:
    purse = Purse(database)
    purse.grant(100, days=2)
    purse.grant(30)
    purse.hold(2, seconds=60)  # of what expires first: 10 credits
    purse.hold(1, seconds=5 * 24 * 3600)
    purse.time_passes(days=3)
    lines = lines_of([purse.user_id])
    row = database.execute(
        "select desk_preview_grants(%s, 'Launch', %s) -> 0 as line", [admin_id, Jsonb(lines)]
    ).fetchone()
    assert row is not None
    # Held credits of the lot that expired stay until their hold ends.
    assert (row["line"]["balance"], row["line"]["balance_after"]) == (35, 75)
    begin(database, admin_id, lines).finish(database)
    assert purse.balance == 75
    purse.adds_up()


def test_a_debt_is_paid_first(database: Database, admin_id: str) -> None:
    purse = Purse(database)
    order = purse.buy(500)
    purse.spend(100)
    purse.refund(order, order.unit_amount)
    assert purse.balance < 0
    before = purse.balance
    lines = lines_of([purse.user_id])
    begin(database, admin_id, lines).finish(database)
    assert purse.balance == before + 40
    purse.adds_up()


def test_a_batch_has_a_bound(database: Database, admin_id: str) -> None:
    purse = Purse(database)
    for lines in ([], lines_of([Order().user_id] * 501), {"line": 2}):
        for function, arguments in (
            ("desk_preview_grants", (admin_id, "Launch", Jsonb(lines))),
            ("desk_begin_grants", (admin_id, "Launch", "why", Jsonb(lines), key())),
        ):
            assert purse.refused(function, *arguments) == "PT422"


def left_behind(purse: Purse) -> list[str]:
    return [text for case in doctor(purse).get("left_behind", []) for text in case["what"]]


def test_doctor_names_a_note_that_outlived_its_account(database: Database, admin_id: str) -> None:
    purse = Purse(database)
    purse.grant(5)
    batch = begin(database, admin_id, lines_of([purse.user_id], note="Lives in Lisbon"))
    forget(purse)
    assert "notes of staff" not in left_behind(purse)
    database.execute("update grant_lines set note = 'x' where user_id = %s", [purse.user_id])
    assert "notes of staff" in left_behind(purse)
    assert batch.finish(database)["refused"] == 1
    assert "notes of staff" not in left_behind(purse)
