"""Fields of the desk's requests: read, and refused where they are out of bounds. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api._lib.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CREDITS = 1_000_000_000
MAX_DAYS = 3650
MAX_NAME = 80
# Stripe's largest amount, in minor units.
MAX_PRICE = 99_999_999

CURRENCY = re.compile(r"[a-z]{3}", re.ASCII)

_ROW_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


def uuid_of(fields: Mapping[str, Any], name: str) -> str:
    """Return a field that is a UUID, in its usual form.

    Raises:
        InvalidRequestError: It is missing, or no UUID.
    """
    value = fields.get(name)
    try:
        if isinstance(value, str):
            return str(UUID(value))
    except ValueError:
        pass
    raise InvalidRequestError(f"{name} must be a UUID.")


def row_id_of(fields: Mapping[str, Any], name: str, otherwise: str) -> str:
    """Return a field that is a row's number, as text.

    Raises:
        InvalidRequestError: It is missing, or no such number; `otherwise` is the message.
    """
    value = fields.get(name)
    if not isinstance(value, str) or not _ROW_ID.fullmatch(value):
        raise InvalidRequestError(otherwise)
    return value


def whole(body: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """Return a field that is a whole number within bounds.

    Raises:
        InvalidRequestError: It is missing, no whole number, or out of bounds.
    """
    value = body.get(name)
    if type(value) is not int or not least <= value <= most:
        raise InvalidRequestError(f"{name} must be a whole number from {least:,} to {most:,}.")
    return value


def text_of(body: Mapping[str, Any], name: str, most: int) -> str:
    """Return a field that is a text of 1 to `most` characters, without the blanks around it.

    Raises:
        InvalidRequestError: It is missing, empty or too long, or holds control characters.
    """
    value = body.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if not 1 <= len(text) <= most or not all(map(is_printable, text)):
        raise InvalidRequestError(f"{name} must be a text of 1 to {most:,} characters.")
    return text


def flag_of(fields: Mapping[str, Any], name: str) -> bool:
    """Return a field that is true or false; false if it is missing.

    Raises:
        InvalidRequestError: It is something else.
    """
    value = fields.get(name, False)
    if type(value) is not bool:
        raise InvalidRequestError(f"{name} must be true or false.")
    return value


def price_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pack's unit_amount in minor units, its currency, and its valid_days or None.

    Raises:
        InvalidRequestError: One of them is missing or out of bounds.
    """
    currency = fields.get("currency")
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise InvalidRequestError("currency must be three lower-case letters, as in usd.")
    days = None
    if fields.get("valid_days") is not None:
        days = whole(fields, "valid_days", 1, MAX_DAYS)
    return {
        "unit_amount": whole(fields, "unit_amount", 1, MAX_PRICE),
        "currency": currency,
        "valid_days": days,
    }


def moment_of(fields: Mapping[str, Any], name: str) -> str:
    """Return a field that is a moment with its offset from UTC, in its usual form and in UTC.

    Raises:
        InvalidRequestError: It is missing, or no such moment.
    """
    value = fields.get(name)
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        if moment.tzinfo is not None:
            return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        pass
    raise InvalidRequestError(f"{name} must be a moment such as 2026-12-31T23:00:00Z.")


def is_printable(letter: str) -> bool:
    """Return whether Postgres and a page can show it: no control characters, no lone surrogates."""
    return letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cs"}
