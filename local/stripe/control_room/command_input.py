"""Parse the fields of a command, from JSON or from a form of the control room's page."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from local.stripe.api.errors import InvalidParameterError
from local.stripe.payments.currencies import CURRENCIES, decimals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.stripe.store import Json

WORDS = {"true": True, "false": False}


def from_json(given: object, types: Mapping[str, type]) -> Json:
    """Return a JSON object that has only known fields, each of its type.

    Raises:
        InvalidParameterError: It is not an object, or a field is unknown or of another type.
    """
    if not isinstance(given, dict):
        raise InvalidParameterError("Send a JSON object.")
    for name, value in given.items():
        wanted = types.get(name)
        if wanted is None:
            known = ", ".join(types) or "none"
            raise InvalidParameterError(f"Unknown field: {name}. Known: {known}.")
        fits = isinstance(value, (int, float) if wanted is float else wanted)
        if not fits or (isinstance(value, bool) and wanted is not bool):
            raise InvalidParameterError(f"{name} must be of type {wanted.__name__}.")
    return given


def from_form(given: Mapping[str, str], types: Mapping[str, type]) -> Json:
    """Return the same from a form's texts. Empty texts are left out; an amount may be `4.99`.

    Raises:
        InvalidParameterError: A text is not of the field's type.
    """
    read: Json = {}
    for name, text in given.items():
        if name in types and text.strip():
            read[name] = _value(text.strip(), name, types[name], given.get("currency", ""))
    return read


def within(fields: Json, name: str, least: int, most: int) -> Any:
    """Return a field that is a number of these bounds; raise InvalidParameterError if not."""
    value = fields.get(name)
    if value is None or not least <= value <= most:
        raise InvalidParameterError(f"{name} must be from {least} to {most}.")
    return value


def one_of(fields: Json, name: str, words: tuple[str, ...]) -> str:
    """Return a field that is one of these words; raise InvalidParameterError if not."""
    value = fields.get(name)
    if value not in words:
        raise InvalidParameterError(f"{name} is {', '.join(words[:-1])} or {words[-1]}")
    return str(value)


def _value(text: str, name: str, wanted: type, currency: str) -> bool | int | float | str:
    try:
        if wanted is bool:
            return WORDS[text]
        if name == "amount":
            return _minor(text, currency)
        value: int | float | str = wanted(text)
    except (ArithmeticError, KeyError, ValueError):
        raise InvalidParameterError(f"{name} cannot be {text}.") from None
    return value


def _minor(text: str, currency: str) -> int:
    """Return an amount in minor units; raise if it has more decimals than the currency."""
    if currency not in CURRENCIES:
        raise ValueError(currency)
    minor = Decimal(text).scaleb(decimals(currency))
    if minor != minor.to_integral_value():
        raise InvalidOperation(text)
    return int(minor)
