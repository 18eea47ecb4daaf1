"""A person's own history as CSV, in pages that make one file: Vercel's answers may have 4.5 MB."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.csv_text import csv_text
from api._lib.money import decimals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COLUMNS = (
    *("date", "what", "kind", "feature", "quantity", "credits", "balance", "price", "currency"),
    "order",
)
ROWS_AT_ONCE = 2000
PAGE_BYTES = 3_500_000
# Without it, spreadsheets read the file in another encoding than UTF-8.
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


@dataclass(frozen=True)
class ExportedPage:
    """A part of the file.

    Attributes:
        content: CSV in UTF-8. The first page begins with the names of the columns; one after the
            other, the pages are the file.
        next_cursor: Where the next page begins. None: this is the last one.
    """

    content: bytes
    next_cursor: str | None


def export_history(user_id: str, cursor: int | None) -> ExportedPage:
    """Return a page of a person's history as CSV, newest first.

    Raises:
        AccountDeletedError: The account was deleted.
        DatabaseUnavailableError: The database cannot be reached.
    """
    content = bytearray()
    if cursor is None:
        content += (BYTE_ORDER_MARK + csv_text([COLUMNS])).encode()
    last = cursor
    for row in _rows(user_id, cursor):
        line = csv_text([_cells(row)]).encode("utf-8", "backslashreplace")
        if len(content) + len(line) > PAGE_BYTES:
            return ExportedPage(bytes(content), str(last))
        content += line
        last = row["id"]
    return ExportedPage(bytes(content), None)


def _rows(user_id: str, cursor: int | None) -> Iterator[dict[str, Any]]:
    """Yield rows before a cursor. Ends, because each call goes on behind the last row."""
    while True:
        rows: list[dict[str, Any]] = database.call(
            "export_history", p_user_id=user_id, p_cursor=cursor, p_limit=ROWS_AT_ONCE
        )
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return
        cursor = int(rows[-1]["id"])


def _cells(row: Mapping[str, Any]) -> list[Any]:
    moment = datetime.fromisoformat(row["created_at"]).astimezone(UTC)
    price = row["price"]
    return [
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        row["what"],
        row["kind"],
        row["feature"],
        row["quantity"],
        row["credits"],
        row["balance"],
        Decimal(price["amount"]).scaleb(-decimals(price["currency"])) if price else None,
        price["currency"].upper() if price else None,
        row["order_id"],
    ]
