"""Parses untrusted XML into events: no entities, and a limited depth. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_DEPTH = 256


@dataclass(frozen=True)
class Element:
    """The start of an element. Names are without their namespaces."""

    name: str
    attributes: Mapping[str, str]


class Listener:
    """Gets the events of a document in order. Override the ones that you need."""

    def start(self, element: Element) -> None:
        """Handle the start of an element."""

    def end(self, name: str) -> None:
        """Handle the end of an element."""

    def characters(self, text: str) -> None:
        """Handle a piece of text."""


def listen(chunks: Iterable[bytes], listener: Listener) -> None:
    """Parse a document in pieces.

    Namespaces are dropped, because the strict and the transitional form of Office formats differ
    only in them.

    Raises:
        expat.ExpatError: It is not well-formed, is too deep, or has a document type declaration.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def refuse(*_: object) -> None:
        raise expat.ExpatError

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            refuse()
        listener.start(
            Element(_local(name), {_local(key): value for key, value in attributes.items()})
        )

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        listener.end(_local(name))

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = listener.characters
    for chunk in chunks:
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
