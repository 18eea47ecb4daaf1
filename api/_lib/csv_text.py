"""CSV that no spreadsheet runs as formulas. Pure."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

# A cell that begins with one of these signs, also after blanks, is a formula. East Asian editions
# read full-width signs as the usual ones. Where a comma stands in numbers, a spreadsheet separates
# cells by semicolons, and quotation marks in the middle of its cell hold nothing together. So
# semicolons and line breaks begin a cell, too.
_FORMULA = re.compile(
    r"(^|[;\t\r\n])(?=[\s\"]*[=+\-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
    r"\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}])"
)
# Some spreadsheets skip these at the beginning of a cell.
_SKIPPED = ("\t", "\r", "\n")


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Return rows as CSV (RFC 4180). None becomes an empty cell.

    An apostrophe stands before each part of a text that a spreadsheet would run. Numbers keep their
    sign.
    """
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    safe = _FORMULA.sub(r"\1'", value)
    return f"'{safe}" if safe.startswith(_SKIPPED) else safe
