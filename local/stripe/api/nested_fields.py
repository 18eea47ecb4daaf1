"""Parameters that contain others: metadata, lists and objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.stripe.api.errors import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.stripe.api.fields import Field
    from local.stripe.api.form_decoding import Tree

MAX_METADATA_KEYS = 50
MAX_METADATA_KEY = 40
MAX_METADATA_VALUE = 500


@dataclass(frozen=True, slots=True)
class Metadata:
    """Up to 50 names with a text each."""

    def read(self, value: Tree, name: str) -> dict[str, str]:
        """Accept names and texts; an empty text means that the name is to be removed."""
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
    """A list, sent with consecutive indices from 0, or as `name[]`."""

    item: Field
    maximum: int = 100

    def read(self, value: Tree, name: str) -> list[Any]:
        """Return the items in order."""
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

    Attributes:
        known: The names it accepts, each with the type of its value.
        required: The names that must be given.
        unmodelled: Names that Stripe accepts and this stand-in does not support. They are refused
            with a message of their own, because ignoring them would look like support.
    """

    known: Mapping[str, Field]
    required: tuple[str, ...] = ()
    unmodelled: frozenset[str] = field(default_factory=frozenset)

    def read(self, value: Tree, name: str) -> dict[str, Any]:
        """Accept an object that has only known names, and every required one."""
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
