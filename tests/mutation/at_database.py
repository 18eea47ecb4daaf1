"""A pytest plugin: the fixtures `stack` and `database`, of a database that is there already.

The whole stack would take seconds to start for each mutant, and what settles needs none of it.
Used with --noconftest; PURSE_MUTANT_DATABASE_URL says where.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


@pytest.fixture(scope="session")
def stack() -> RunningStack:
    """A stack of which only the database runs."""
    nothing = {field.name: "" for field in fields(RunningStack)}
    return RunningStack(**{**nothing, "database_url": os.environ["PURSE_MUTANT_DATABASE_URL"]})


@pytest.fixture
def database(stack: RunningStack) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection as the project's owner."""
    with stack.connect() as connection:
        yield connection


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what takes longest last: most mutants are noticed before it."""
    items.sort(key=lambda item: ("fewer_histories" in item.nodeid, "stack" in _asks_for(item)))


def _asks_for(item: pytest.Item) -> tuple[str, ...]:
    return tuple(inspect.signature(item.function).parameters)  # type: ignore[attr-defined]
