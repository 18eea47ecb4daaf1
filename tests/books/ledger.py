"""What tests do to the books and read from them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import dict_row

from ops.migrate import migrate
from tests.conftest import do_not_wait_for_the_disk
from tests.database.purse import Purse
from tests.standins.supabase.services import PASSWORD, running_postgres
from tests.support import use_known_seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from local.postgres import Postgres

    Database = Connection[dict[str, Any]]

COLUMNS = (
    *("sold", "granted", "used", "expired", "refunded"),
    *("corrected", "moved", "written_off", "repriced"),
)
LAST = 2**63 - 1


@contextmanager
def migrated_server() -> Iterator[Postgres]:
    """Run a Postgres whose database is migrated, to be copied."""
    with running_postgres() as server:
        do_not_wait_for_the_disk(server)
        url = server.url("postgres", PASSWORD)
        migrate(url, report=lambda _line: None)
        with psycopg.connect(url, autocommit=True) as database:
            use_known_seal(database)
        yield server


@dataclass(frozen=True)
class Books:
    """The books of one ledger."""

    database: Database
    url: str
    superuser_url: str = ""

    @classmethod
    @contextmanager
    def on(cls, server: Postgres) -> Iterator[Books]:
        """Begin a ledger on a server of migrated_server(); the one before is dropped."""
        with psycopg.connect(server.url(), dbname="template1", autocommit=True) as superuser:
            superuser.execute("drop database if exists a_ledger with (force)")
            superuser.execute("create database a_ledger template postgres owner postgres")
        url, superuser_url = (
            url.removesuffix("/postgres") + "/a_ledger"
            for url in (server.url("postgres", PASSWORD), server.url())
        )
        with psycopg.connect(url, autocommit=True, row_factory=dict_row) as database:
            yield cls(database, url, superuser_url)

    def as_superuser(self) -> Database:
        """Connect as the one who may write the tables of Supabase Auth."""
        return psycopg.connect(self.superuser_url, autocommit=True, row_factory=dict_row)

    def connect(self) -> Database:
        """Connect once more."""
        return psycopg.connect(self.url, autocommit=True, row_factory=dict_row)

    def purse(self) -> Purse:
        """Return a new user's purse."""
        return Purse(self.database)

    def it_is(self, moment: str) -> None:
        """Let every later row say that it was written then."""
        for table in ("credit_transactions", "book_money"):
            self.database.execute(
                f"alter table {table} alter column created_at set default '{moment}'::timestamptz"
            )

    def read(self, month: str, timezone: str = "UTC") -> Any:
        """Return what read_books answers for a month such as 2026-10."""
        return self._call("read_books", f"{month}-01", timezone)

    def seal(self, month: str, by: str = "ann", timezone: str = "UTC") -> Any:
        """Seal a month."""
        return self._call("seal_month", f"{month}-01", by, timezone)

    def figures(self, month: str, unit: str = "credits", *, test: bool = True) -> dict[str, int]:
        """Return a month's figures in a unit, but those that are 0."""
        (found,) = (
            row
            for row in self.read(month)["figures"]
            if row["unit"] == unit and (unit == "credits" or row["test_mode"] is test)
        )
        return {name: value for name, value in found.items() if type(value) is int and value}

    def postings(self) -> list[dict[str, Any]]:
        """Return all postings that there are, oldest first."""
        return self.database.execute(
            "select * from purse.book_postings(0, %(last)s, 0, %(last)s)"
            " union all"
            " select 'stripe', id, booked_at, kind, purchase_id, unit, test_mode, debit, credit,"
            " amount from book_stripe order by at, source, source_id",
            {"last": LAST},
        ).fetchall()

    def accounts(self, unit: str = "usd") -> dict[str, int]:
        """Return the balance of each account in a currency: debits less credits, but not 0."""
        balances: dict[str, int] = {}
        for row in self.postings():
            if row["unit"] == unit:
                balances[row["debit"]] = balances.get(row["debit"], 0) + row["amount"]
                balances[row["credit"]] = balances.get(row["credit"], 0) - row["amount"]
        return {account: balance for account, balance in balances.items() if balance}

    def _call(self, function: str, *arguments: Any) -> Any:
        places = ", ".join(["%s"] * len(arguments))
        row = self.database.execute(f"select {function}({places}) as answer", arguments).fetchone()
        assert row is not None
        return row["answer"]
