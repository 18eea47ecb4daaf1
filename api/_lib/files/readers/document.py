"""A document of chapters: made of paragraphs, counted, and rendered as JSON and HTML. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from api._lib.files.readers.bounds import MAX_CHAPTERS, bounded, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_TITLE_CHARS = 200
# The summary is stored in the database and sent in every list of files, so it must stay small.
MAX_CHAPTERS_IN_SUMMARY = 100

_DEEPEST_HTML_HEADING = 6
# Chinese and Japanese have no spaces between words, so each character counts, as in Word.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
    r"|[^\s\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)

_STYLE = (
    "body{max-width:40rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.6 Georgia,serif}"
    "h1,h2,h3,h4,h5,h6{line-height:1.25}p{white-space:pre-wrap}"
    "@media(prefers-color-scheme:dark){body{background:#16161a;color:#e8e8ea}}"
)
# The page may load nothing and run nothing, whatever the document contains.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph. `level` is 1 to 9 for a heading and 0 for body text."""

    text: str
    level: int = 0


@dataclass(frozen=True)
class Chapter:
    """A chapter: its title, and the paragraphs up to the next chapter.

    has_heading is False for text before the first heading, which takes the document's title.
    """

    title: str
    paragraphs: tuple[Paragraph, ...]
    has_heading: bool = True

    @cached_property
    def text(self) -> str:
        """The paragraphs with an empty line between them, without the chapter's title."""
        return "\n\n".join(paragraph.text for paragraph in self.paragraphs)

    @cached_property
    def words(self) -> int:
        """The number of words, including the heading."""
        return count_words(self.text) + (count_words(self.title) if self.has_heading else 0)

    @cached_property
    def characters(self) -> int:
        """The number of characters, with spaces and the heading, without line ends."""
        heading = len(self.title) if self.has_heading else 0
        return heading + sum(len(paragraph.text) for paragraph in self.paragraphs)


@dataclass(frozen=True)
class Document:
    """A document: its title and its chapters."""

    title: str
    chapters: tuple[Chapter, ...]

    @cached_property
    def words(self) -> int:
        """The number of words in all chapters."""
        return sum(chapter.words for chapter in self.chapters)

    @cached_property
    def characters(self) -> int:
        """The number of characters in all chapters."""
        return sum(chapter.characters for chapter in self.chapters)


def count_words(text: str) -> int:
    """Count words as Word does: text between spaces, and each Chinese or Japanese character."""
    return sum(1 for _ in _WORD.finditer(text))


def one_line(text: str) -> str:
    """Make a title of any text: printable, on one line, at most MAX_TITLE_CHARS long."""
    printable = "".join(
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char
        for char in text[: 10 * MAX_TITLE_CHARS]
        if unicodedata.category(char) != "Cs"
    )
    line = " ".join(printable.split())
    return line if len(line) <= MAX_TITLE_CHARS else f"{line[: MAX_TITLE_CHARS - 1]}…"


def into_chapters(paragraphs: Iterable[Paragraph], *, title: str) -> Document:
    """Divide paragraphs into chapters at the headings of the highest level.

    If the first paragraph is the only heading of that level, it becomes the document's title, and
    the next level divides. It does so too if only an afterword or two share its level. Text before
    the first heading is divided by its own headings; without any it becomes a chapter with the
    document's title.

    Args:
        paragraphs: The paragraphs in order; empty ones are dropped.
        title: The title of a document that has none of its own.

    Raises:
        UnreadableFileError: It has too many paragraphs, characters or chapters
            (`document_too_large`).
    """
    rest = [*bounded(paragraphs)]
    level = _highest(rest)
    if level and rest[0].level == level and _is_title(rest, level):
        title, rest = one_line(rest[0].text) or title, rest[1:]
        level = min(paragraph.level for paragraph in rest if paragraph.level > level)
    chapters = tuple(islice(_divided(rest, level, title), MAX_CHAPTERS + 1))
    if len(chapters) > MAX_CHAPTERS:
        raise too_large("chapters", MAX_CHAPTERS)
    return Document(title, chapters)


def _is_title(paragraphs: list[Paragraph], level: int) -> bool:
    """Whether the first paragraph, a heading, stands above the whole text."""
    levels = [paragraph.level for paragraph in paragraphs]
    others = levels.count(level) - 1
    own = levels[1 : levels.index(level, 1)] if others else levels[1:]
    sections = sum(one > level for one in own)
    if not others:
        return sections > 0
    # An afterword on the title's level: nothing stands below it, and chapters follow the title.
    below_others = any(one > level for one in levels[len(own) + 1 :])
    return own[:1] > [level] and sections > others and not below_others


def _highest(paragraphs: list[Paragraph]) -> int:
    return min((paragraph.level for paragraph in paragraphs if paragraph.level), default=0)


def _divided(paragraphs: list[Paragraph], level: int, title: str) -> Iterator[Chapter]:
    """Yield chapters; headings of the level or above it begin one."""
    starts = [at for at, paragraph in enumerate(paragraphs) if 0 < paragraph.level <= level]
    before = paragraphs[: starts[0]] if starts else paragraphs
    if before:
        own_level = _highest(before)
        if own_level:
            yield from _divided(before, own_level, title)
        else:
            yield Chapter(title, tuple(before), has_heading=False)
    for start, end in pairwise([*starts, len(paragraphs)]):
        heading, *body = paragraphs[start:end]
        yield Chapter(one_line(heading.text), tuple(body))


def summary_of(document: Document) -> dict[str, Any]:
    """Return the summary that the file's owner is shown: counts, and the first chapters."""
    return {
        "title": document.title,
        "words": document.words,
        "characters": document.characters,
        "chapter_count": len(document.chapters),
        "chapters": [
            {"title": chapter.title, "words": chapter.words}
            for chapter in document.chapters[:MAX_CHAPTERS_IN_SUMMARY]
        ],
    }


def as_json(document: Document) -> bytes:
    """Return the whole document as JSON, for programs."""
    return json.dumps(
        {
            "title": document.title,
            "words": document.words,
            "characters": document.characters,
            "chapters": [
                {
                    "title": chapter.title,
                    "words": chapter.words,
                    "characters": chapter.characters,
                    "text": chapter.text,
                }
                for chapter in document.chapters
            ],
        },
        ensure_ascii=False,
        indent=1,
    ).encode("utf-8", "replace")


def as_html(document: Document) -> bytes:
    """Return the whole document as an HTML page, for people. All text is escaped."""
    return "".join(_html(document)).encode("utf-8", "replace")


def _html(document: Document) -> Iterator[str]:
    title = escape(document.title)
    yield (
        '<!doctype html>\n<html><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f'<body dir="auto"><h1>{title}</h1>\n'
    )
    for chapter in document.chapters:
        yield "<section>"
        if chapter.has_heading:
            yield f'<h2 dir="auto">{escape(chapter.title)}</h2>\n'
        for paragraph in chapter.paragraphs:
            tag = f"h{min(paragraph.level + 2, _DEEPEST_HTML_HEADING)}" if paragraph.level else "p"
            yield f'<{tag} dir="auto">{escape(paragraph.text)}</{tag}>\n'
        yield "</section>\n"
    yield "</body></html>\n"
