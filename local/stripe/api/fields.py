"""Types of single parameters: each parses a value, or refuses it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from local.stripe.api.errors import InvalidParameterError
from local.stripe.payments.currencies import CURRENCIES

if TYPE_CHECKING:
    from local.stripe.api.form_decoding import Tree

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
WHOLE = re.compile(r"[+-]?\d{1,15}")


def names(text: str) -> frozenset[str]:
    """Split a text at white space into a set of names."""
    return frozenset(text.split())


class Field(Protocol):
    """A type of parameter."""

    def read(self, value: Tree, name: str) -> Any:
        """Return the parsed value, or raise InvalidParameterError with `name` as its param."""


def _text(value: Tree, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidParameterError(f"Invalid string: {name}", param=name)
    if value == "":
        raise InvalidParameterError(
            f"You passed an empty string for '{name}'. An empty value would unset it, and it "
            "cannot be unset: leave it out or pass a value.",
            code="parameter_invalid_empty",
            param=name,
        )
    return value


@dataclass(frozen=True, slots=True)
class Text:
    """A string of limited length."""

    maximum: int = 5000

    def read(self, value: Tree, name: str) -> str:
        """Accept a text of at most `maximum` characters."""
        text = _text(value, name)
        if len(text) > self.maximum:
            raise InvalidParameterError(
                f"Invalid string: {name} must be at most {self.maximum} characters",
                code="parameter_invalid_string_too_long",
                param=name,
            )
        return text


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer in a range."""

    minimum: int = 0
    maximum: int = 10**12

    def read(self, value: Tree, name: str) -> int:
        """Accept a whole number within the range."""
        text = _text(value, name)
        if WHOLE.fullmatch(text) is None:
            raise InvalidParameterError(
                f"Invalid integer: {text}", code="parameter_invalid_integer", param=name
            )
        number = int(text)
        if not self.minimum <= number <= self.maximum:
            raise InvalidParameterError(
                f"Invalid integer: {name} must be from {self.minimum} to {self.maximum}",
                code="parameter_invalid_integer",
                param=name,
            )
        return number


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    def read(self, value: Tree, name: str) -> bool:
        """Accept exactly `true` or `false`."""
        text = _text(value, name)
        if text not in {"true", "false"}:
            raise InvalidParameterError(f"Invalid boolean: {text}", param=name)
        return text == "true"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several words."""

    values: tuple[str, ...]

    def read(self, value: Tree, name: str) -> str:
        """Accept one of the words."""
        text = _text(value, name)
        if text not in self.values:
            listed = ", ".join(self.values[:-1])
            listed = f"{listed} or {self.values[-1]}" if listed else self.values[-1]
            raise InvalidParameterError(f"Invalid {name}: must be one of {listed}", param=name)
        return text


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute http or https URL."""

    def read(self, value: Tree, name: str) -> str:
        """Accept a URL with a scheme and a host."""
        text = _text(value, name)
        try:
            parts = urlsplit(text)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            good = False
        if not good or len(text) > Text().maximum or re.search(r"\s", text):
            raise InvalidParameterError("Not a valid URL", code="url_invalid", param=name)
        return text


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address; only its form is checked."""

    def read(self, value: Tree, name: str) -> str:
        """Accept an address such as name@host.domain."""
        text = _text(value, name)
        if EMAIL.fullmatch(text) is None or len(text) > 512:  # noqa: PLR2004 - Stripe's limit
            raise InvalidParameterError(
                f"Invalid email address: {text}", code="email_invalid", param=name
            )
        return text


@dataclass(frozen=True, slots=True)
class Color:
    """A color such as #4338ca."""

    def read(self, value: Tree, name: str) -> str:
        """Accept # and six hexadecimal digits."""
        text = _text(value, name)
        if COLOR.fullmatch(text) is None:
            raise InvalidParameterError(f"Invalid hex color: {text}", param=name)
        return text


@dataclass(frozen=True, slots=True)
class Currency:
    """A three-letter currency code in lower case."""

    def read(self, value: Tree, name: str) -> str:
        """Accept a currency that Stripe charges in."""
        text = _text(value, name)
        if text not in CURRENCIES:
            raise InvalidParameterError(
                f"Invalid currency: {text}. Use a three-letter code in lower case.", param=name
            )
        return text
