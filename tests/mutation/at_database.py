"""A pytest plugin for one mutant: the fixtures `stack` and `database`, and few examples.

Starting the whole stack would take seconds a mutant, and settlement needs only the database, which
PURSE_MUTANT_DATABASE_URL names. Used with --noconftest. The profile `mutation` draws the same few
examples for every mutant and shrinks none.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests import profiles
from tests.conftest import patience  # noqa: F401 - a fixture: pytest loads no conftest.py here
from tests.support import RunningStack, use_known_seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

profiles.register()
settings.load_profile("mutation")


@pytest.fixture(scope="session")
def stack() -> RunningStack:
    """A stack of which only the database runs."""
    nothing = {field.name: "" for field in fields(RunningStack)}
    started = RunningStack(**{**nothing, "database_url": os.environ["PURSE_MUTANT_DATABASE_URL"]})
    with started.connect() as connection:
        use_known_seal(connection)
    return started


@pytest.fixture
def database(stack: RunningStack) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection as the project's owner."""
    with stack.connect() as connection:
        yield connection


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest tests last: most mutants fail a faster one."""
    items.sort(key=lambda item: ("properties" in item.nodeid, "stack" in _asks_for(item)))


def _asks_for(item: pytest.Item) -> tuple[str, ...]:
    return tuple(inspect.signature(item.function).parameters)
