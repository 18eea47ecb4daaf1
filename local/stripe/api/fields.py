"""The kinds of parameter Stripe knows, each of which reads one value or refuses it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from local.stripe.api.errors import InvalidParameterError
from local.stripe.api.params import Tree
from local.stripe.payments.currencies import CURRENCIES

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
WHOLE = re.compile(r"[+-]?\d{1,15}")
MAX_METADATA_KEYS = 50
MAX_METADATA_KEY = 40
MAX_METADATA_VALUE = 500


def names(text: str) -> frozenset[str]:
    """The names in a text, apart by white space."""
    return frozenset(text.split())


class Field(Protocol):
    """Anything that can read a parameter's value."""

    def read(self, value: Tree, name: str) -> Any:
        """Return the value in Python's terms, or raise InvalidParameterError."""


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
    """A string of bounded length."""

    maximum: int = 5000

    def read(self, value: Tree, name: str) -> str:
        """Accept any text that is not too long."""
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
        """Accept digits within the range."""
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
        """Accept the two words and nothing else."""
        text = _text(value, name)
        if text not in {"true", "false"}:
            raise InvalidParameterError(f"Invalid boolean: {text}", param=name)
        return text == "true"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    values: tuple[str, ...]

    def read(self, value: Tree, name: str) -> str:
        """Accept a listed word."""
        text = _text(value, name)
        if text not in self.values:
            listed = ", ".join(self.values[:-1])
            listed = f"{listed} or {self.values[-1]}" if listed else self.values[-1]
            raise InvalidParameterError(f"Invalid {name}: must be one of {listed}", param=name)
        return text


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute http or https address."""

    def read(self, value: Tree, name: str) -> str:
        """Accept an address with a scheme and a host."""
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
    """An e-mail address, checked for shape only."""

    def read(self, value: Tree, name: str) -> str:
        """Accept something@host.domain."""
        text = _text(value, name)
        if EMAIL.fullmatch(text) is None or len(text) > 512:  # noqa: PLR2004 - Stripe's limit
            raise InvalidParameterError(
                f"Invalid email address: {text}", code="email_invalid", param=name
            )
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


@dataclass(frozen=True, slots=True)
class Metadata:
    """Up to 50 short texts under short names."""

    def read(self, value: Tree, name: str) -> dict[str, str]:
        """Accept a flat level of names and texts; an empty text removes a name."""
        if value == "":
            return {}
        if not isinstance(value, dict):
            raise InvalidParameterError(f"Invalid object: {name}", param=name)
        if len(value) > MAX_METADATA_KEYS:
            raise InvalidParameterError(
                f"Metadata can have at most {MAX_METADATA_KEYS} keys", param=name
            )
        for key, text in value.items():
            if len(key) > MAX_METADATA_KEY:
                raise InvalidParameterError(
                    f"Metadata keys can have at most {MAX_METADATA_KEY} characters", param=name
                )
            if not isinstance(text, str):
                raise InvalidParameterError(
                    f"Metadata values must be strings: {key}", param=f"{name}[{key}]"
                )
            if len(text) > MAX_METADATA_VALUE:
                raise InvalidParameterError(
                    f"Metadata values can have at most {MAX_METADATA_VALUE} characters",
                    param=f"{name}[{key}]",
                )
        return {key: text for key, text in value.items() if isinstance(text, str)}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, sent as consecutive indices from 0 (or as `name[]`)."""

    item: Field
    maximum: int = 100

    def read(self, value: Tree, name: str) -> list[Any]:
        """Accept the items in order."""
        if not isinstance(value, dict) or sorted(value) != sorted(map(str, range(len(value)))):
            raise InvalidParameterError(f"Invalid array: {name}", param=name)
        if len(value) > self.maximum:
            raise InvalidParameterError(
                f"{name} can have at most {self.maximum} elements", param=name
            )
        return [
            self.item.read(value[str(index)], f"{name}[{index}]") for index in range(len(value))
        ]


@dataclass(frozen=True, slots=True)
class Fields:
    """An object with known names.

    `unmodelled` are names that Stripe takes and this stand-in does not act on. They are
    refused in so many words, so that nobody takes silence for support.
    """

    known: Mapping[str, Field]
    required: tuple[str, ...] = ()
    unmodelled: frozenset[str] = field(default_factory=frozenset)

    def read(self, value: Tree, name: str) -> dict[str, Any]:
        """Accept an object of known names that has every required one."""
        if not isinstance(value, dict):
            raise InvalidParameterError(f"Invalid object: {name}", param=name)
        paths = {key: f"{name}[{key}]" if name else key for key in [*value, *self.required]}
        self._refuse_unknown(value, paths)
        for key in self.required:
            if key not in value:
                raise InvalidParameterError(
                    f"Missing required param: {paths[key]}.",
                    code="parameter_missing",
                    param=paths[key],
                )
        return {key: self.known[key].read(item, paths[key]) for key, item in value.items()}

    def _refuse_unknown(self, value: Mapping[str, Tree], paths: Mapping[str, str]) -> None:
        unknown = [paths[key] for key in value if key not in {*self.known, *self.unmodelled}]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            raise InvalidParameterError(
                f"Received unknown parameter{plural}: {', '.join(unknown)}",
                code="parameter_unknown",
                param=unknown[0],
            )
        for key in value:
            if key in self.unmodelled:
                raise InvalidParameterError(
                    f"Stripe knows {paths[key]}, but this local stand-in does not model it.",
                    param=paths[key],
                )
