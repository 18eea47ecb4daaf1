"""A ledger of its own for each test of the books: they count everybody's credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.books.ledger import Books, migrated_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.postgres import Postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A Postgres whose database is migrated."""
    with migrated_server() as server:
        yield server


@pytest.fixture
def books(server: Postgres) -> Iterator[Books]:
    """The books of an empty ledger."""
    with Books.on(server) as books:
        yield books
