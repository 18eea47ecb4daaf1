"""CSV that no spreadsheet runs as formulas. Pure."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# A spreadsheet takes a cell that begins so for a formula, also after spaces.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as CSV (RFC 4180). None becomes an empty cell.

    A text that a spreadsheet would run begins with an apostrophe. Numbers keep their sign.
    """
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value
