"""Clients carry out batches of grants at once, crash, and spend: each line is granted once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Barrier
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.database.batches import Batch, begin, lines_of
from tests.database.purse import Purse
from tests.profiles import examples
from tests.support import Accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from local.stack import Running
    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

CLIENTS = 4
BATCHES = 2
# A spend, a grant or a second look may wait too long for a person's lock, or find no credits.
EXPECTED = {"55P03", "PT402"}
# A race that was lost once is not lost each time.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
ACTS = st.one_of(
    st.tuples(st.just("step"), st.integers(0, BATCHES - 1)),
    st.tuples(st.just("crash"), st.integers(0, BATCHES - 1)),
    st.tuples(st.just("spend"), st.integers(0, 29)),
    st.tuples(st.just("grant"), st.integers(0, 29)),
)
PROGRAMS = st.lists(st.lists(ACTS, min_size=2, max_size=6), min_size=CLIENTS, max_size=CLIENTS)


class CrashError(Exception):
    """The client is gone before it commits."""


@pytest.fixture(scope="module")
def clients(stack: RunningStack) -> Iterator[list[Database]]:
    with ExitStack() as open_:
        yield [open_.enter_context(stack.connect()) for _ in range(CLIENTS)]


@pytest.fixture(scope="module")
def admin_ids(stack: RunningStack, running: Running) -> list[str]:
    accounts = Accounts(running)
    return [accounts.appoint(stack.sign_up(), "admin").id for _ in range(BATCHES)]


@settings(max_examples=examples(cost=20), phases=UNSHRUNK)
@given(programs=PROGRAMS, many=st.integers(1, 30))
def test_whatever_clients_do_at_once_each_line_is_granted_once(
    database: Database,
    clients: list[Database],
    admin_ids: list[str],
    programs: list[list[tuple[str, int]]],
    many: int,
) -> None:
    purses = [Purse(database) for _ in range(many)]
    ids = [purse.user_id for purse in purses]
    database.execute("insert into user_credits (user_id) select unnest(%s::uuid[])", [ids])
    for purse in purses[::3]:
        purse.grant(20, days=1)
    # The second has the same people in the other order.
    batches = [
        begin(database, admin_ids[0], lines_of(ids)),
        begin(database, admin_ids[1], lines_of(ids[::-1])),
    ]
    start = Barrier(CLIENTS)

    def run(client: Database, program: list[tuple[str, int]]) -> set[str | None]:
        start.wait(30)
        return {_act(client, batches, purses, kind, number) for kind, number in program}

    with ThreadPoolExecutor(CLIENTS) as pool:
        refused = set[str | None]().union(*pool.map(run, clients, programs))
    assert refused - {None} <= EXPECTED

    for batch in batches:
        done = batch.finish(database)
        assert (done["granted"], done["refused"]) == (many, 0)
        assert batch.outcomes(database) == ["granted"] * many
    for purse in purses:
        purse.adds_up()
        rows = database.execute(
            "select t.reason, count(*) as times, sum(t.amount) as credits"
            " from credit_transactions t where t.user_id = %s and t.reason = 'Launch'"
            " group by t.reason",
            [purse.user_id],
        ).fetchall()
        assert rows == [{"reason": "Launch", "times": BATCHES, "credits": BATCHES * 40}]
        actions = database.execute(
            "select arguments ->> 'batch_id' as id from admin_actions where user_id = %s",
            [purse.user_id],
        ).fetchall()
        assert sorted(row["id"] for row in actions) == sorted(each.batch_id for each in batches)


def _act(
    client: Database, batches: list[Batch], purses: list[Purse], kind: str, number: int
) -> str | None:
    """Do something; return the SQLSTATE of a refusal."""
    mine = Purse(client, purses[number % len(purses)].user_id)
    try:
        if kind == "step":
            batches[number].step(client)
        elif kind == "crash":
            with suppress(CrashError), client.transaction():
                batches[number].step(client)
                raise CrashError
        elif kind == "spend":
            mine.spend()
        else:
            mine.grant(5)
    except psycopg.Error as error:
        return error.sqlstate
    return None
