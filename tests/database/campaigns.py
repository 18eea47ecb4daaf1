"""Campaigns whose codes give credits."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from api._lib.credits.codes import hash_of, new_code

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@dataclass(frozen=True)
class Campaign:
    """A campaign, and one of its codes."""

    database: Database
    code: str
    terms: dict[str, Any]

    def add(self, *codes: str) -> int:
        """Add codes; return how many of them are new."""
        row = self.database.execute(
            "select add_credit_codes(%s, 'ann', %s) as added",
            [Jsonb(self.terms), [hash_of(code) for code in codes]],
        ).fetchone()
        assert row
        added: int = row["added"]
        return added


def campaign(database: Database, *, once: bool = False, **terms: Any) -> Campaign:
    """Make a campaign of 50 credits, with one code, which works once or for everybody."""
    made = Campaign(
        database,
        code=new_code(),
        terms={
            "id": f"fair-{secrets.token_hex(8)}",
            "name": "Book fair",
            "credits": 50,
            "codes_work_once": once,
            "new_customers_only": False,
            **terms,
        },
    )
    assert made.add(made.code) == 1
    return made
