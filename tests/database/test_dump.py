"""A dump of both schemas, restored into a fresh Supabase project, is the same ledger.

Supabase's default privileges grant EXECUTE on every new function in `public` to anon. A dump grants
what was granted, but it revokes only from PUBLIC: restored as it is, it would let anon call every
function. So these defaults are switched off before the restore. The dump's end switches them on.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from local.ports import reserved
from local.postgres import BINARIES, Postgres
from ops.migrate import BARE_POSTGRES_SQL, migrate
from tests.database.actors import as_anon, as_service
from tests.database.purse import Purse
from tests.support import use_known_seal

if TYPE_CHECKING:
    from collections.abc import Iterator

DUMP = ("--schema=public", "--schema=purse", "--schema=supabase_migrations")
SWITCH_OFF_DEFAULTS = """
    alter default privileges in schema public
        revoke execute on functions from anon, authenticated, service_role
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server with two projects, `shop` and `fresh`, whose owner is no superuser."""
    folder = tmp_path_factory.mktemp("dump")
    with reserved(None, remembered=None) as port:
        server = Postgres(folder, port, "secret")
        server.start()
        for name in ("shop", "fresh"):
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute(f"create database {name}")  # type: ignore[call-overload]
            with psycopg.connect(_database(server.url(), name), autocommit=True) as connection:
                connection.execute(BARE_POSTGRES_SQL.read_bytes())
                connection.execute("alter role postgres password 'owner'")
        yield server
        server.stop()


def _database(url: str, name: str) -> str:
    return f"{url.removesuffix('/postgres')}/{name}"


def _connect(url: str) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(url, autocommit=True, row_factory=dict_row)


def test_a_restored_dump_answers_and_grants_as_the_original(server: Postgres) -> None:
    shop, fresh = (_database(server.url("postgres", "owner"), name) for name in ("shop", "fresh"))
    migrate(shop, report=lambda _line: None)
    with _connect(shop) as database:
        use_known_seal(database)
        purse = Purse(database)
        purse.buy(100)
        purse.spend()
        purse.hold()
        before = (purse.read(), purse.call("purse.granted_access"))

    dump = subprocess.run([BINARIES / "pg_dump", *DUMP, shop], capture_output=True, check=True)
    with _connect(fresh) as database:
        database.execute(SWITCH_OFF_DEFAULTS)
    restored = subprocess.run(
        [BINARIES / "psql", "--quiet", fresh], input=dump.stdout, capture_output=True, check=True
    )
    assert restored.stderr.decode().split("ERROR:")[1:] == ['  schema "public" already exists\n']

    assert migrate(fresh, report=lambda _line: None) == []
    with _connect(fresh) as database:
        purse = Purse(database, purse.user_id)
        assert (purse.read(), purse.call("purse.granted_access")) == before
        # The dump carries the ledger's id and keys.
        purse.buy(1)
        assert purse.balance == 96
        purse.grant(-1, "correction")
        with as_anon(database), pytest.raises(psycopg.errors.InsufficientPrivilege):
            purse.spend()
        with as_service(database):
            assert purse.spend()["balance"] == 90
        purse.adds_up()
