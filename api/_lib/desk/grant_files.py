"""A file of grants: CSV with a header line, one person a line. Pure."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib.desk.actions import MAX_NOTE
from api._lib.desk.fields import MAX_CREDITS, MAX_DAYS, is_printable
from api._lib.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_LINES = 500
MAX_FILE_BYTES = 256 * 1024
MAX_PERSON = 255
COLUMNS = ("person", "credits", "valid_days", "note")

# A spreadsheet writes semicolons where the comma is the decimal mark, and tabs when it is pasted.
_DELIMITERS = (",", ";", "\t")
_WHOLE = re.compile(r"[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True)
class GrantLine:
    """One line of a file.

    Attributes:
        line: Where it begins in the file; the first is 1.
        last_line: Where it ends: a quoted note may hold line breaks.
        person: An address or a user id, as it was written. What Postgres cannot store is replaced
            by U+FFFD, and the line has a fault.
        credits: None if it is no whole number within bounds.
        valid_days: None for credits that never expire.
        note: For staff, or None.
        fault: What is wrong with the line itself, in words, or None.
    """

    line: int
    last_line: int
    person: str
    credits: int | None
    valid_days: int | None
    note: str | None
    fault: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the line as desk_begin_grants in sql/ takes it."""
        return {
            "line": self.line,
            "person": self.person,
            "credits": self.credits,
            "valid_days": self.valid_days,
            "note": self.note,
        }


def read_lines(text: str) -> tuple[GrantLine, ...]:
    """Return the lines of a file, those with faults included.

    Raises:
        InvalidRequestError: The file as a whole cannot be read (`invalid_csv`).
    """
    if len(text.encode("utf-8", "replace")) > MAX_FILE_BYTES:
        raise _invalid(f"The file is larger than {MAX_FILE_BYTES // 1024} KB. Split it.")
    rows = _rows(text.removeprefix("\ufeff"))
    header = next(rows, None)
    if header is None:
        raise _invalid("The file is empty.")
    columns = _columns(header[2])
    lines = tuple(_line(first, last, columns, cells) for first, last, cells in rows)
    if not lines:
        raise _invalid("The file has a header line and no other.")
    if len(lines) > MAX_LINES:
        raise _invalid(f"The file has {len(lines):,} lines. Split it: {MAX_LINES} is the most.")
    return lines


def _invalid(message: str) -> InvalidRequestError:
    return InvalidRequestError(message, code="invalid_csv")


def _rows(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield first and last line number and cells of each row that is not blank."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    last = 0
    try:
        for cells in reader:
            first, last = last + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield first, last, [cell.strip() for cell in cells]
    except csv.Error:
        raise _invalid(
            f"Line {reader.line_num} is no CSV: look for a quotation mark that is not closed."
        ) from None


def _columns(header: list[str]) -> list[str]:
    columns = [name.lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown or not {"person", "credits"} <= set(columns) or len(columns) != len(set(columns)):
        raise _invalid(
            "The first line must name the columns: person, credits, and if you need them"
            " valid_days and note."
        )
    return columns


def _line(first: int, last: int, columns: list[str], cells: list[str]) -> GrantLine:
    given: Mapping[str, str] = dict(zip(columns, cells, strict=False))
    person, note = given.get("person", ""), given.get("note", "")
    credits_ = _whole(given.get("credits", ""), MAX_CREDITS)
    days = given.get("valid_days", "")
    valid_days = _whole(days, MAX_DAYS)
    faults = (
        (any(cells[len(columns) :]), "It has more cells than the header."),
        (not person, "It names no person."),
        (len(person) > MAX_PERSON or not all(map(is_printable, person)), "Nobody is named so."),
        (credits_ is None, f"Credits must be a whole number from 1 to {MAX_CREDITS:,}."),
        (
            bool(days) and valid_days is None,
            f"Days must be a whole number from 1 to {MAX_DAYS:,}, or empty.",
        ),
        (
            len(note) > MAX_NOTE or not all(map(is_printable, note)),
            f"A note has at most {MAX_NOTE:,} characters, and no control characters.",
        ),
    )
    return GrantLine(
        line=first,
        last_line=last,
        person=_storable(person),
        credits=credits_,
        valid_days=valid_days,
        note=_storable(note) or None,
        fault=next((fault for is_wrong, fault in faults if is_wrong), None),
    )


def _whole(text: str, most: int) -> int | None:
    """Return a whole number from 1 to `most`; None for anything else."""
    value = int(text) if _WHOLE.fullmatch(text) else 0
    return value if 1 <= value <= most else None


def _storable(text: str) -> str:
    return "".join(letter if is_printable(letter) else "\ufffd" for letter in text)
