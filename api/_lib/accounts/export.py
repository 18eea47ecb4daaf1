"""A copy of a person's data, page by page: Vercel's answers may have 4.5 MB."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from api._lib import database
from api._lib.errors import InvalidRequestError
from api._lib.sample_app import sample_app

ROWS_AT_ONCE = 1000
# A page ends after the section that reaches this; a section's rows seldom have more than 1 MB.
PAGE_BYTES = 1_000_000

_LEDGER = ("orders", "transactions", "lots", "holds", "offers")
SECTIONS = (*_LEDGER, "files")
_CURSOR = re.compile(rf"({'|'.join(SECTIONS)}):([0-9a-f-]{{0,36}})", re.ASCII)


def export_page(user_id: str, cursor: str | None = None) -> dict[str, Any]:
    """Return a page of a person's data.

    The first page has exported_at, user_id, profile and account. Every page has the lists of
    SECTIONS, perhaps empty, and next_cursor, which is None on the last.

    Raises:
        InvalidRequestError: The cursor is not one that we gave out.
        AccountDeletedError: The account was deleted.
        DatabaseUnavailableError: The database cannot be reached.
    """
    page: dict[str, Any] = {}
    section, after = _place(cursor)
    if cursor is None:
        page = {
            "exported_at": datetime.now(UTC).isoformat(),
            "user_id": user_id,
            **database.call("export_profile", p_user_id=user_id),
        }
    page |= {name: [] for name in SECTIONS}
    size = 0
    for name in SECTIONS[SECTIONS.index(section) :]:
        rows, following = _rows(user_id, name, after)
        page[name] = rows
        after = None
        if following is not None:
            return {**page, "next_cursor": f"{name}:{following}"}
        size += len(json.dumps(rows))
        if size > PAGE_BYTES and name != SECTIONS[-1]:
            return {**page, "next_cursor": f"{SECTIONS[SECTIONS.index(name) + 1]}:"}
    return {**page, "next_cursor": None}


def export_all(user_id: str) -> dict[str, Any]:
    """Return all pages as one, without next_cursor."""
    whole = export_page(user_id)
    while (cursor := whole.pop("next_cursor")) is not None:
        page = export_page(user_id, cursor)
        for name in SECTIONS:
            whole[name] += page[name]
        whole["next_cursor"] = page["next_cursor"]
    return whole


def _place(cursor: str | None) -> tuple[str, str | None]:
    if cursor is None:
        return SECTIONS[0], None
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidRequestError("cursor is not one that we gave out.")
    return match[1], match[2] or None


def _rows(user_id: str, section: str, after: str | None) -> tuple[list[Any], str | None]:
    if section == "files":
        files = sample_app("forgetting")
        return files.exported_files(user_id, after) if files else ([], None)
    try:
        page: dict[str, Any] = database.call(
            "export_account",
            p_user_id=user_id,
            p_section=section,
            p_after=after,
            p_limit=ROWS_AT_ONCE,
        )
    except database.DatabaseError as error:
        # The place is no uuid, or no number.
        if error.code in {"22P02", "22003"}:
            raise InvalidRequestError("cursor is not one that we gave out.") from None
        raise
    return page["rows"], page["next"]
