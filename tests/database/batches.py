"""Batches of grants, as the desk's function calls them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from tests.database.purse import key

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def lines_of(people: list[str], **more: Any) -> list[dict[str, Any]]:
    """Return lines that give 40 credits to each of these."""
    return [
        {"line": at, "person": each, "credits": 40, "valid_days": None, "note": None, **more}
        for at, each in enumerate(people, 2)
    ]


@dataclass(frozen=True)
class Batch:
    """A batch that was begun, and who carries it out."""

    actor_id: str
    batch_id: str

    def step(self, database: Database) -> dict[str, Any]:
        """Grant the next lines."""
        row = database.execute(
            "select desk_grant_lines(%s, %s) as batch", [self.actor_id, self.batch_id]
        ).fetchone()
        assert row is not None
        batch: dict[str, Any] = row["batch"]
        return batch

    def finish(self, database: Database) -> dict[str, Any]:
        """Go on until nothing is left."""
        for _ in range(100):
            batch = self.step(database)
            if not batch["left"]:
                return batch
        raise AssertionError(batch)

    def outcomes(self, database: Database) -> list[str | None]:
        """Return what became of each line."""
        rows = database.execute(
            "select outcome from grant_lines where batch_id = %s order by line", [self.batch_id]
        ).fetchall()
        return [row["outcome"] for row in rows]


def begin(database: Database, actor_id: str, lines: list[dict[str, Any]]) -> Batch:
    """Record a batch of lines without faults."""
    row = database.execute(
        "select desk_begin_grants(%s, 'Launch', 'They helped', %s, %s) as batch",
        [actor_id, Jsonb(lines), key()],
    ).fetchone()
    assert row is not None
    return Batch(actor_id, row["batch"]["batch_id"])
