"""A ledger of its own for each test of the books: they count everybody's credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.rows import dict_row

from ops.migrate import migrate
from tests.books.ledger import Books
from tests.conftest import do_not_wait_for_the_disk
from tests.standins.supabase.services import PASSWORD, running_postgres
from tests.support import use_known_seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.postgres import Postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A Postgres whose database is migrated, to be copied."""
    with running_postgres() as server:
        do_not_wait_for_the_disk(server)
        url = server.url("postgres", PASSWORD)
        migrate(url, report=lambda _line: None)
        with psycopg.connect(url, autocommit=True) as database:
            use_known_seal(database)
        yield server


@pytest.fixture
def books(server: Postgres) -> Iterator[Books]:
    """The books of an empty ledger."""
    with psycopg.connect(server.url(), dbname="template1", autocommit=True) as superuser:
        superuser.execute("drop database if exists a_ledger with (force)")
        superuser.execute("create database a_ledger template postgres owner postgres")
    url = server.url("postgres", PASSWORD).removesuffix("/postgres") + "/a_ledger"
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as database:
        yield Books(database, url)
