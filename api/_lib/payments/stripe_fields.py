"""Read a field of a Stripe object and check its type. Pure.

An object whose field is missing or has the wrong type is refused, and the error names the field. If
we ignored such an object, or recorded only a part of it, we would lose a payment silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class InvalidStripeObjectError(Exception):
    """An object that may concern one of our orders lacks a field, or the field has a wrong type.

    Args:
        field: The field's name. Never its value, which may be personal data.
    """

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def text(of: Mapping[str, Any], field: str) -> str:
    """Return a text that is not empty.

    Raises:
        InvalidStripeObjectError: It is missing, not a text, empty, or contains half of a surrogate
            pair, which Postgres cannot store.
    """
    value = of.get(field)
    if not isinstance(value, str) or not value:
        raise InvalidStripeObjectError(field)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidStripeObjectError(field) from None
    return value


def whole_number(of: Mapping[str, Any], field: str) -> int:
    """Return a whole number: an amount in minor currency units, or a time in seconds since 1970.

    Raises:
        InvalidStripeObjectError: It is missing or not a whole number.
    """
    value = of.get(field)
    if type(value) is not int:  # isinstance(True, int) holds
        raise InvalidStripeObjectError(field)
    return value


def flag(of: Mapping[str, Any], field: str) -> bool:
    """Return a boolean.

    Raises:
        InvalidStripeObjectError: It is missing or not a boolean.
    """
    value = of.get(field)
    if not isinstance(value, bool):
        raise InvalidStripeObjectError(field)
    return value


def objects(of: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    """Return a list of objects.

    Raises:
        InvalidStripeObjectError: It is missing or not a list of objects.
    """
    value = of.get(field)
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise InvalidStripeObjectError(field)
    return value


def text_or_null(of: Mapping[str, Any], field: str) -> str | None:
    """Return a text, or None for null.

    Raises:
        InvalidStripeObjectError: It is missing, or neither null nor a text.
    """
    return None if _is_null(of, field) else text(of, field)


def object_or_null(of: Mapping[str, Any], field: str) -> dict[str, Any] | None:
    """Return an object, or None for null.

    Raises:
        InvalidStripeObjectError: It is missing, or neither null nor an object.
    """
    if _is_null(of, field):
        return None
    value = of[field]
    if not isinstance(value, dict):
        raise InvalidStripeObjectError(field)
    return value


def reference_or_null(of: Mapping[str, Any], field: str) -> str | None:
    """Return the id of the object that a field refers to, or None for null.

    Stripe sends either the id or, if it was expanded, the object itself.

    Raises:
        InvalidStripeObjectError: It is missing, or neither null nor a reference.
    """
    if _is_null(of, field):
        return None
    value = of[field]
    return text({field: value.get("id")} if isinstance(value, dict) else of, field)


def _is_null(of: Mapping[str, Any], field: str) -> bool:
    """Whether a field is null. A field that is missing is an error, not null."""
    if field not in of:
        raise InvalidStripeObjectError(field)
    return of[field] is None
