"""The query parameters limit and cursor, for a page of a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from api._lib.errors import InvalidRequestError

if TYPE_CHECKING:
    from api._lib.web.http import Request

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

_CURSOR = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def page(request: Request) -> tuple[int, int | None]:
    """Return the number of entries to return, and the cursor to continue from, or None.

    Raises:
        InvalidRequestError: The limit is out of bounds, or the cursor is not one of ours.
    """
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))
    if not digits or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidRequestError(f"limit must be a whole number from 1 to {MAX_LIMIT}.")
    return int(text), place(request)


def place(request: Request) -> int | None:
    """Return the cursor to continue from, or None.

    Raises:
        InvalidRequestError: The cursor is not one of ours.
    """
    cursor = request.query.get("cursor")
    if cursor is not None and not _CURSOR.fullmatch(cursor):
        raise InvalidRequestError("cursor is not one that we gave out.")
    return int(cursor) if cursor else None
