"""Follows a DOCX's fields, to know which text is the result of a contents field. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.files.readers.xml_events import attribute

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_INSTRUCTION_CHARS = 64
# Replaces the instruction of a contents field once its result has begun.
_IN_RESULT = "\0"


def is_contents(instruction: str) -> bool:
    """Whether a field's instruction makes a table of contents."""
    return instruction.split()[:1] == ["TOC"]


class ContentsFields:
    """The fields that are open: each has an instruction, then a result, then an end.

    Args:
        is_off: Whether to take every field's result for text.
    """

    def __init__(self, *, is_off: bool) -> None:
        self._is_off = is_off
        self._instructions: list[str] = []
        self._in_instruction = False
        self._open = 0

    @property
    def is_open(self) -> bool:
        """Whether the text that follows is a table of contents."""
        return self._open > 0

    def note_field(self, attributes: Mapping[str, str]) -> None:
        """Begin a field, its result, or its end."""
        kind = attribute(attributes, "fldCharType")
        if kind == "begin":
            self._instructions.append("")
        elif kind == "separate" and self._instructions:
            if not self._is_off and is_contents(self._instructions[-1]):
                self._instructions[-1] = _IN_RESULT
                self._open += 1
        elif kind == "end" and self._instructions and self._instructions.pop() == _IN_RESULT:
            self._open -= 1

    def start_instruction(self, _: Mapping[str, str]) -> None:
        """Begin a piece of the innermost field's instruction."""
        self._in_instruction = True

    def end_instruction(self) -> None:
        """End the piece."""
        self._in_instruction = False

    def add(self, text: str) -> None:
        """Add text to the instruction, if it belongs to one."""
        if self._in_instruction and self._instructions:
            self._instructions[-1] = (self._instructions[-1] + text)[:_MAX_INSTRUCTION_CHARS]
