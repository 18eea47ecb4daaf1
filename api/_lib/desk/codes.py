"""Codes that give credits: the campaigns, and making codes for one."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from api._lib.credits.codes import MAX_CHARS, MAX_CODES, hash_of, new_code, window_of
from api._lib.desk.actions import MAX_REASON
from api._lib.desk.asking import ask
from api._lib.desk.fields import MAX_CREDITS, MAX_DAYS, flag_of, text_of, whole
from api._lib.errors import ConflictError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CAMPAIGN_NAME = 100

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


def make_codes(actor_id: str, body: Mapping[str, Any], idempotency_key: str) -> dict[str, Any]:
    """Make a campaign, or add codes to one with the same terms; return the codes, once.

    Args:
        actor_id: The member of staff.
        body: {id, name, credits, count or code, valid_days?, from?, until?, new_customers_only?,
            reason}. `from` and `until` are days in UTC, both included. `count` codes work once
            in all; a given `code` works once for each person.
        idempotency_key: New for each set of codes.

    Returns:
        {campaign_id, made: how many, action_id, codes: the codes in plain text}.

    Raises:
        InvalidRequestError: A field is missing or out of bounds.
        ConflictError: This key made codes before (`already_done`), the campaign has other terms
            or the code belongs to another campaign (`campaign_differs`), or the campaign has the
            code already (`code_exists`).
        PurseError: As ask() does.
    """
    terms = _terms(body)
    reason = text_of(body, "reason", MAX_REASON)
    codes = _codes(body)
    made: dict[str, Any] = ask(
        "desk_make_codes",
        actor_id,
        p_campaign=terms,
        p_hashes=[hash_of(code) for code in codes],
        p_reason=reason,
        p_idempotency_key=idempotency_key,
    )
    if made.pop("replayed"):
        raise ConflictError(
            "These codes were made before and cannot be shown again: only hashes of them are kept."
            " Codes that nobody has seen can be redeemed by nobody. Make new ones.",
            code="already_done",
        )
    return {**made, "codes": codes}


def _terms(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the campaign as add_credit_codes in sql/ takes it. Pure."""
    id_ = body.get("id")
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise InvalidRequestError(
            "id must be 1 to 63 lower-case letters, digits, - and _, as in fair-2026."
        )
    first, last = _day(body, "from"), _day(body, "until")
    if first and last and last < first:
        raise InvalidRequestError("until must not be before from.")
    days = body.get("valid_days")
    return {
        "id": id_,
        "name": text_of(body, "name", MAX_CAMPAIGN_NAME),
        "credits": whole(body, "credits", 1, MAX_CREDITS),
        "codes_work_once": body.get("code") is None,
        "new_customers_only": flag_of(body, "new_customers_only"),
        "valid_days": None if days is None else whole(body, "valid_days", 1, MAX_DAYS),
        **window_of(first, last),
    }


def _codes(body: Mapping[str, Any]) -> list[str]:
    """Return the codes to make: new ones, or the one that the body gives."""
    if (body.get("code") is None) == (body.get("count") is None):
        raise InvalidRequestError("Send count for codes that work once, or code for one word.")
    if body.get("code") is None:
        return [new_code() for _ in range(whole(body, "count", 1, MAX_CODES))]
    # A spreadsheet takes what begins with a hyphen for a formula. In a code, hyphens do not matter.
    code = text_of(body, "code", MAX_CHARS).strip("- \n")
    if hash_of(code) is None:
        raise InvalidRequestError("code must have 4 to 64 letters from A to Z and digits.")
    return [code]


def _day(body: Mapping[str, Any], name: str) -> date | None:
    value = body.get(name)
    if value is None:
        return None
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        day = date.max
    # The day after `until` must be one, too.
    if day == date.max:
        raise InvalidRequestError(f"{name} must be a day such as 2026-12-31.")
    return day
