"""Fields of Stripe's objects, each read as what it must be. Pure.

An object that lacks a field, or has something else in its place, is refused by the field's name:
taken for none of our business, or recorded in part, a payment would be lost in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnreadableError(Exception):
    """What may be about an order of ours, but lacks what its facts consist of.

    Args:
        field: Which field; never its value, which may be personal.
    """

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def text(of: Mapping[str, Any], field: str) -> str:
    """Return a text.

    Raises:
        UnreadableError: It is missing, none, empty, or has half a character, which nothing stores.
    """
    value = of.get(field)
    if not isinstance(value, str) or not value:
        raise UnreadableError(field)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnreadableError(field) from None
    return value


def whole_number(of: Mapping[str, Any], field: str) -> int:
    """Return a whole number, as amounts in minor units and times in seconds are.

    Raises:
        UnreadableError: It is missing or none.
    """
    value = of.get(field)
    if type(value) is not int:  # to isinstance, True is one
        raise UnreadableError(field)
    return value


def flag(of: Mapping[str, Any], field: str) -> bool:
    """Return a boolean.

    Raises:
        UnreadableError: It is missing or none.
    """
    value = of.get(field)
    if not isinstance(value, bool):
        raise UnreadableError(field)
    return value


def objects(of: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    """Return a list of objects.

    Raises:
        UnreadableError: It is missing or none.
    """
    value = of.get(field)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise UnreadableError(field)
    return value


def text_or_null(of: Mapping[str, Any], field: str) -> str | None:
    """Return a text that may be null.

    Raises:
        UnreadableError: It is missing or neither.
    """
    return None if _is_null(of, field) else text(of, field)


def object_or_null(of: Mapping[str, Any], field: str) -> dict[str, Any] | None:
    """Return an object that may be null.

    Raises:
        UnreadableError: It is missing or neither.
    """
    if _is_null(of, field):
        return None
    value = of[field]
    if not isinstance(value, dict):
        raise UnreadableError(field)
    return value


def reference_or_null(of: Mapping[str, Any], field: str) -> str | None:
    """Return the id of what a field refers to, which Stripe may have expanded into its object.

    Raises:
        UnreadableError: It is missing, or neither null nor a reference.
    """
    if _is_null(of, field):
        return None
    value = of[field]
    return text({field: value.get("id")} if isinstance(value, dict) else of, field)


def _is_null(of: Mapping[str, Any], field: str) -> bool:
    """Whether a field is null, which says something, as its absence does not."""
    if field not in of:
        raise UnreadableError(field)
    return of[field] is None
