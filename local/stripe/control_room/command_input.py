"""Reads the fields of an order: from JSON, or from a form of the control page."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from local.stripe.api.errors import InvalidParameterError
from local.stripe.payments.currencies import CURRENCIES, decimals
from local.stripe.store import Json

WORDS = {"true": True, "false": False}


def from_json(given: object, types: Mapping[str, type]) -> Json:
    """A JSON object that has the named fields at most, each of its type."""
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
    """The same from a form's texts: an empty one is left out, an amount is as people write it."""
    read: Json = {}
    for name, text in given.items():
        if name in types and text.strip():
            read[name] = _value(text.strip(), name, types[name], given.get("currency", ""))
    return read


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
    """An amount in the currency's smallest unit, of which it must be a whole number."""
    if currency not in CURRENCIES:
        raise ValueError(currency)
    minor = Decimal(text).scaleb(decimals(currency))
    if minor != minor.to_integral_value():
        raise InvalidOperation(text)
    return int(minor)
