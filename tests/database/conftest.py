"""What several tests of locks need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack


@pytest.fixture(scope="module")
def patience(stack: RunningStack) -> Iterator[None]:
    """Let functions wait long: here the order of locks is tested, not how long one waits for them.

    On a busy machine a test needs longer than the limit to see that somebody waits.
    """
    with stack.connect() as database:
        limited = database.execute(
            """
            select p.oid::regprocedure::text as function, split_part(s, '=', 2) as limit
            from pg_proc p cross join unnest(p.proconfig) s
            where p.pronamespace = 'public'::regnamespace and s like 'lock_timeout=%'
            """
        ).fetchall()
        for each in limited:
            database.execute(f"alter function {each['function']} set lock_timeout = '60s'")
        yield
        for each in limited:
            database.execute(
                f"alter function {each['function']} set lock_timeout = '{each['limit']}'"
            )
