"""XML as events, bounded: no entity is declared or expanded, no depth without end. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_DEPTH = 256


@dataclass(frozen=True)
class Element:
    """An element as it opens; names without their namespaces."""

    name: str
    attributes: Mapping[str, str]


class Listener:
    """Hears what a document holds, in order. Override what matters."""

    def start(self, element: Element) -> None:
        """Hear that an element opens."""

    def end(self, name: str) -> None:
        """Hear that an element closes."""

    def characters(self, text: str) -> None:
        """Hear a piece of text."""


def listen(chunks: Iterable[bytes], listener: Listener) -> None:
    """Parse a document piece by piece.

    Namespaces are dropped: the strict and the transitional form of a format differ in nothing else.

    Raises:
        expat.ExpatError: Not well-formed, too deep, or with a document type declaration.
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
