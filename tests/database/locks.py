"""Two or more transactions at once, where one waits for another's lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

T = TypeVar("T")


def behind(
    stack: RunningStack,
    gate: Callable[[Database], Any],
    acts: list[Callable[[Database], T]],
) -> list[T]:
    """Lock the gate, begin all acts at once, and open it when each has ended or waits for a lock.

    So each act has taken what comes before the gate in its own order of locks. If two orders
    differ, the acts wait for each other in a circle.
    """
    with ThreadPoolExecutor(len(acts)) as pool, ExitStack() as open_:
        one, observer, *others = (
            open_.enter_context(stack.connect()) for _ in range(len(acts) + 2)
        )
        with one.transaction():
            gate(one)
            outcomes = [pool.submit(act, each) for act, each in zip(acts, others, strict=True)]
            for outcome, each in zip(outcomes, others, strict=True):
                until(
                    lambda outcome=outcome, each=each: outcome.done() or waits(observer, each),
                    "it has ended, or waits",
                )
        return [outcome.result(60) for outcome in outcomes]


@contextmanager
def meanwhile(
    stack: RunningStack, first: Callable[[Database], None], second: Callable[[Database], Any]
) -> Iterator[Database]:
    """Do the first and, before it is committed, the second: it has to wait and see the first."""
    with (
        ThreadPoolExecutor(1) as pool,
        stack.connect() as one,
        stack.connect() as other,
        stack.connect() as observer,
    ):
        with one.transaction():
            first(one)
            outcome = pool.submit(second, other)
            until(lambda: outcome.done() or waits(observer, other), "the second waits")
        outcome.result(30)
        yield observer


def in_turn(
    stack: RunningStack,
    first: Callable[[Database], Any],
    waiting: list[Callable[[Database], Any]],
    last: Callable[[Database], Any] = lambda _db: None,
) -> None:
    """Do the first, let others run until each waits, do the last and commit: all get through."""
    with ThreadPoolExecutor(len(waiting)) as pool, ExitStack() as open_:
        one, observer = (open_.enter_context(stack.connect()) for _ in range(2))
        outcomes = []
        with one.transaction():
            first(one)
            for act in waiting:
                connection = open_.enter_context(stack.connect())
                outcomes.append(pool.submit(act, connection))
                until(lambda other=connection: waits(observer, other), "it waits")
            last(one)
        for outcome in outcomes:
            outcome.result(30)


def waits(observer: Database, connection: Database) -> bool:
    """Return whether a connection waits for a lock at the moment."""
    row = observer.execute(
        "select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = %s",
        [connection.info.backend_pid],
    ).fetchone()
    return bool(row and row["waits"])
