"""Which rows a request wants, and what the answer says about them (Content-Range)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from local.supabase.rest.errors import RestError

_NUMBER = re.compile(r"\s*(-?[0-9]+)\s*", re.ASCII)
_HEADER = re.compile(r"([0-9]+)-([0-9]*)", re.ASCII)


@dataclass(frozen=True)
class Range:
    """The rows from `lower` to `upper`, both included and counted from 0; None: to the last."""

    lower: int = 0
    upper: int | None = None

    @property
    def empty(self) -> bool:
        """Whether no row is in it."""
        return self.upper is not None and self.upper < self.lower

    @property
    def limit(self) -> int | None:
        """The number of its rows; None: all."""
        return None if self.upper is None else self.upper - self.lower + 1

    def intersection(self, other: Range) -> Range:
        """Return the rows that are in both."""
        if self.empty or other.empty:
            return _EMPTY
        uppers = [r.upper for r in (self, other) if r.upper is not None]
        return Range(max(self.lower, other.lower), min(uppers, default=None))

    def restricted(self, rows: int) -> Range:
        """Return its first rows."""
        if self == NO_ROWS:
            return self
        return self.intersection(Range(self.lower, self.lower + rows - 1))


EVERY_ROW = Range()
NO_ROWS = Range(0, -1)
_EMPTY = Range(1, 0)


def of_parameters(limits: dict[str, str], offsets: dict[str, str]) -> dict[str, Range]:
    """Return the ranges of `limit` and `offset`, by the part of their names before the last dot.

    A value that is no number is ignored. With an offset, such a limit counts as 0, as in PostgREST.
    """
    ranges = {}
    for path in (*limits, *(p for p in offsets if p not in limits)):
        limit = _number(limits.get(path))
        offset = _number(offsets.get(path))
        if path in limits and path in offsets:
            lower = offset or 0
            ranges[path] = Range(lower, lower + (limit or 0) - 1)
        elif path in limits:
            ranges[path] = EVERY_ROW if limit is None else Range(0, limit - 1)
        else:
            ranges[path] = EVERY_ROW if offset is None else Range(offset)
    return ranges


def requested(header: str | None, parameter: Range) -> Range:
    """Return the rows that the Range header and the parameters of the query name together.

    Raises:
        RestError: PGRST103: they name none, and not by limit=0.
    """
    by_header = _of_header(header)
    if parameter.upper == NO_ROWS.upper:
        return NO_ROWS
    both = by_header.intersection(parameter)
    if both.empty:
        raise _not_satisfiable(
            "The lower boundary must be lower than or equal to the upper boundary in the Range "
            "header."
            if by_header.empty
            else "Limit should be greater than or equal to zero."
        )
    return both


@dataclass(frozen=True)
class Extent:
    """The rows of an answer: the range that was asked for, the rows found, and the total."""

    asked: Range
    rows: int
    total: int | None

    @property
    def header(self) -> str:
        """The value of Content-Range."""
        upper = self.asked.lower + self.rows - 1
        shown = self.total != 0 and self.asked.lower <= upper
        rows = f"{self.asked.lower}-{upper}" if shown else "*"
        return f"{rows}/{'*' if self.total is None else self.total}"

    @property
    def status(self) -> HTTPStatus:
        """200, 206 if there are more rows, or 416 if the offset is beyond the last."""
        if self.total is None:
            return HTTPStatus.OK
        if self.asked.lower > self.total:
            return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return HTTPStatus.PARTIAL_CONTENT if self.rows < self.total else HTTPStatus.OK

    def error(self) -> RestError:
        """Return the error of status 416."""
        return _not_satisfiable(
            f"An offset of {self.asked.lower} was requested, but there are only {self.total} rows."
        )


def _of_header(header: str | None) -> Range:
    found = _HEADER.fullmatch(header or "")
    if not found:
        return EVERY_ROW
    lower, upper = found.groups()
    return Range(int(lower), int(upper) if upper else None)


def _number(text: str | None) -> int | None:
    found = _NUMBER.fullmatch(text or "")
    return int(found.group(1)) if found else None


def _not_satisfiable(details: str) -> RestError:
    return RestError(416, "PGRST103", "Requested range not satisfiable", details=details)
