"""Automatic numbers of a DOCX: what Word shows before a paragraph, such as "Chapter 1". Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api._lib.files.readers.xml_events import Listener, attribute

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LISTS = 10_000
MAX_NUMBER = 9_999_999

_LEVELS = 9
_PLACE = re.compile(r"%([1-9])")
_ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L")),
    *((40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)
_MAX_ROMAN = 3999


@dataclass
class _Level:
    start: int = 1
    format: str = "decimal"
    text: str = ""
    style_id: str = ""


@dataclass
class _Scheme:
    """An abstract definition: its levels, and where its counters stand."""

    levels: dict[int, _Level] = field(default_factory=dict)
    counters: dict[int, int] = field(default_factory=dict)


class Numbering(Listener):
    """Listens to numbering.xml; afterwards counts."""

    def __init__(self) -> None:
        self._schemes: dict[str, _Scheme] = {}
        self._scheme_of: dict[str, str] = {}
        self._scheme: _Scheme | None = None
        self._level: _Level | None = None
        self._num_id: str | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Note a definition, and what it says of itself."""
        value = attribute(attributes, "val") or ""
        if name == "abstractNum" and len(self._schemes) < MAX_LISTS:
            self._scheme = _Scheme()
            self._schemes[attribute(attributes, "abstractNumId") or ""] = self._scheme
        elif name == "num":
            self._num_id = attribute(attributes, "numId") or ""
        elif name == "abstractNumId" and self._num_id is not None:
            if len(self._scheme_of) < MAX_LISTS:
                self._scheme_of[self._num_id] = value
        elif name == "lvl" and self._scheme is not None:
            self._level = _Level()
            self._scheme.levels[_number(attribute(attributes, "ilvl"))] = self._level
        elif self._level is not None:
            _note(self._level, name, value)

    def end(self, name: str) -> None:
        """Note that a definition is over."""
        if name == "abstractNum":
            self._scheme = None
        elif name == "lvl":
            self._level = None
        elif name == "num":
            self._num_id = None

    def count(self, num_id: str, level: str | None, style_id: str) -> str:
        """Count a paragraph of a list and return its number as Word shows it; "" if it has none.

        Args:
            num_id: The list.
            level: As the paragraph or its style states it; else the level that names the style.
            style_id: The paragraph's style.
        """
        scheme = self._schemes.get(self._scheme_of.get(num_id, ""))
        if scheme is None:
            return ""
        if level is None:
            named = (
                at for at, one in scheme.levels.items() if style_id and one.style_id == style_id
            )
            at = next(named, 0)
        else:
            at = _number(level)
        counters = scheme.counters
        counters[at] = min(
            counters.get(at, scheme.levels.get(at, _Level()).start - 1) + 1, MAX_NUMBER
        )
        for lower in [other for other in counters if other > at]:
            del counters[lower]
        shown = scheme.levels.get(at)
        if shown is None or shown.format in {"bullet", "none"}:
            return ""
        return _PLACE.sub(lambda place: _shown(scheme, int(place[1]) - 1), shown.text).strip()


def _note(level: _Level, name: str, value: str) -> None:
    if name == "start":
        level.start = _number(value, highest=MAX_NUMBER)
    elif name == "numFmt":
        level.format = value
    elif name == "lvlText":
        level.text = value
    elif name == "pStyle":
        level.style_id = value


def _shown(scheme: _Scheme, at: int) -> str:
    level = scheme.levels.get(at, _Level())
    number = scheme.counters.get(at, level.start)
    match level.format:
        case "upperRoman":
            return _roman(number)
        case "lowerRoman":
            return _roman(number).lower()
        case "upperLetter":
            return _letters(number)
        case "lowerLetter":
            return _letters(number).lower()
    return str(number)


def _roman(number: int) -> str:
    if not 0 < number <= _MAX_ROMAN:
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        times, number = divmod(number, value)
        text += times * letters
    return text


def _letters(number: int) -> str:
    """Return A to Z, then AA to ZZ, as Word goes on."""
    times, letter = divmod(max(number, 1) - 1, 26)
    return chr(ord("A") + letter) * min(times + 1, 10)


def _number(value: str | None, *, highest: int = _LEVELS - 1) -> int:
    is_number = (
        value is not None
        and value.isascii()
        and value.isdigit()
        and len(value) <= len(str(MAX_NUMBER))
    )
    return min(int(value or 0), highest) if is_number else 0
