"""A ledger as a test writes it: rows of any day, in a transaction that is taken back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.database.purse import Purse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@dataclass
class WrittenLedger:
    """The ledger of a person of its own. Rows are written in the order of their time."""

    purse: Purse
    balance: int = 0

    def write(self, amount: int, at: datetime, **columns: Any) -> str:
        """Write a row of this moment; a spend or a gift, unless columns say otherwise."""
        usual = (
            {"kind": "spend", "feature": "docx_processing", "quantity": 1}
            if amount < 0
            else {"kind": "bonus", "actor": "ann", "reason": "because"}
        )
        self.balance += amount
        row = {
            "user_id": self.purse.user_id,
            "amount": amount,
            "balance_after": self.balance,
            "lots": "{}",
            "created_at": at,
            **usual,
            **columns,
        }
        written = self.purse.database.execute(
            f"""insert into credit_transactions ({", ".join(row)})
                values ({", ".join(["%s"] * len(row))}) returning id::text""".encode(),
            list(row.values()),
        ).fetchone()
        assert written is not None
        return str(written["id"])


@contextmanager
def written_ledger(database: Database) -> Iterator[WrittenLedger]:
    """Open an empty ledger; undone at the end, because its lots do not add up."""
    with database.transaction(force_rollback=True):
        purse = Purse(database)
        database.execute("insert into user_credits (user_id) values (%s)", [purse.user_id])
        yield WrittenLedger(purse)
