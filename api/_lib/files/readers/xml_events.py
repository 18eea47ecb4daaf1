"""Parses untrusted XML into events: no entities, and a limited depth. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_DEPTH = 256


class Listener:
    """Gets the events of a document in order. Override the ones that you need."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Hear that an element opens. Its name has no prefix; `attribute` reads the attributes."""

    def end(self, name: str) -> None:
        """Handle the end of an element."""

    def characters(self, text: str) -> None:
        """Handle a piece of text."""


def listen(chunks: Iterable[bytes], listener: Listener) -> None:
    """Parse a document in pieces.

    Prefixes are dropped: the strict and the transitional form of a format differ in nothing else.

    Raises:
        expat.ExpatError: It is not well-formed, is too deep, or has a document type declaration.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0
    local_names = _LocalNames()
    hear_start, hear_end = listener.start, listener.end

    def refuse(*_: object) -> None:
        raise expat.ExpatError

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            refuse()
        hear_start(local_names[name], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        hear_end(local_names[name])

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = listener.characters
    for chunk in chunks:
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def attribute(attributes: Mapping[str, str], name: str) -> str | None:
    """Return an attribute's value whatever its prefix is, w: first."""
    found = attributes.get(f"w:{name}")
    if found is None:
        found = attributes.get(name)
    if found is None:
        suffix = f":{name}"
        found = next((value for key, value in attributes.items() if key.endswith(suffix)), None)
    return found


class _LocalNames(dict[str, str]):
    """Names without their prefixes, each cut once."""

    def __missing__(self, name: str) -> str:
        local = self[name] = name.rpartition(":")[2]
        return local
