"""Pieces of SQL: constant text, quoted names, and values as parameters."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUL = "\0"


@dataclass(frozen=True)
class Fragment:
    """SQL with a placeholder `%s` for each of its values."""

    text: str
    values: tuple[str, ...] = ()

    def __add__(self, other: Fragment | str) -> Fragment:
        following = Fragment(other) if isinstance(other, str) else other
        return Fragment(self.text + following.text, self.values + following.values)

    def __radd__(self, before: str) -> Fragment:
        return Fragment(before) + self


NOTHING = Fragment("")


def identifier(*names: str) -> Fragment:
    """Return a quoted name, perhaps with a schema before it. As in PostgREST, NUL ends a name."""
    quoted = (name.partition(_NUL)[0].replace('"', '""').replace("%", "%%") for name in names)
    return Fragment(".".join(f'"{name}"' for name in quoted))


def value(text: str) -> Fragment:
    """Return a parameter whose type Postgres infers. As in PostgREST, NUL ends it."""
    return Fragment("%s", (text.partition(_NUL)[0],))


def compose(template: str, **parts: Fragment | str) -> Fragment:
    """Return a template's text with a part in place of each name in braces."""
    whole = NOTHING
    for text, name, _, _ in Formatter().parse(template):
        whole = whole + text + (parts[name] if name is not None else "")
    return whole


def joined(separator: str, fragments: Iterable[Fragment]) -> Fragment:
    """Return fragments with a separator between them."""
    first, *others = [*fragments] or [NOTHING]
    for fragment in others:
        first = first + separator + fragment
    return first
