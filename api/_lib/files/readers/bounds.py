"""How much a document may hold. A small file can become very much text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.files.readers.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from api._lib.files.readers.document import Paragraph

# The longest books have 4.5 million characters, in 32,000
# paragraphs.
MAX_PARAGRAPHS = 100_000
MAX_CHAPTERS = 10_000
MAX_CHARACTERS = 6_000_000
MAX_LINES = 500_000
# Of a DOCX. Each costs time, with or without text. A thousand pages have some hundred thousand.
MAX_ELEMENTS = 1_000_000


def too_large(what: str, most: int) -> UnreadableFileError:
    """Return the error for a document with more than `most` of something, such as "chapters"."""
    return UnreadableFileError(
        f"This document has more than {most:,} {what}. Divide it and try again.",
        code="document_too_large",
    )


def bounded(paragraphs: Iterable[Paragraph]) -> Iterator[Paragraph]:
    """Yield the paragraphs with text, while there are not too many of them and of their characters.

    Raises:
        UnreadableFileError: There are (`document_too_large`).
    """
    found = characters = 0
    for paragraph in paragraphs:
        if not paragraph.text or paragraph.text.isspace():
            continue
        found, characters = found + 1, characters + len(paragraph.text)
        if found > MAX_PARAGRAPHS:
            raise too_large("paragraphs", MAX_PARAGRAPHS)
        if characters > MAX_CHARACTERS:
            raise too_large("characters", MAX_CHARACTERS)
        yield paragraph


def check_bounds(paragraphs: Iterable[Paragraph]) -> None:
    """Raise as bounded() does."""
    for _ in bounded(paragraphs):
        pass
