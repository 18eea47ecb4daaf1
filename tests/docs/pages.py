"""The documentation as data: its pages, code blocks, links and headings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Decisions and the changelog record the past: they may name files that have moved since.
LIVING = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
PAGES = (*LIVING, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs/decisions").glob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced code block."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """Page and line, for a test's id."""
        return f"{name_of(self.page)}:{self.line}"

    @property
    def lines(self) -> list[str]:
        """The lines that are not empty, without trailing comments."""
        return [line for line in (_without_comment(raw) for raw in self.text.splitlines()) if line]


def name_of(page: Path) -> str:
    """Return the page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def read(page: Path) -> str:
    """Return the page's text."""
    return page.read_text("utf-8")


def blocks(*languages: str) -> list[Block]:
    """Return the code blocks of all pages in these languages, in all of them by default."""
    found = [
        Block(page, read(page)[: match.start()].count("\n") + 1, match[1], match[2])
        for page in PAGES
        for match in _FENCE.finditer(read(page))
    ]
    return [block for block in found if not languages or block.language in languages]


def prose(page: Path) -> str:
    """Return the page without its code blocks."""
    return _FENCE.sub("", read(page))


def spans(page: Path) -> list[str]:
    """Return what the page sets in `backticks`, outside code blocks."""
    return [span.replace("\n", " ") for span in _SPAN.findall(prose(page))]


def links(page: Path) -> list[str]:
    """Return where the page's links lead, pictures included."""
    return _LINK.findall(_SPAN.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the page's headings."""
    return set(_numbered(_slug(heading) for heading in _HEADING.findall(prose(page))))


def section(page: Path, heading: str) -> str:
    """Return the text below a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", read(page), re.MULTILINE)
    assert found is not None, f"{name_of(page)} has no section {heading}"
    rest = read(page)[found.end() :]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: following.start()] if following else rest


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s+)#.*$", "", line).strip()


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _numbered(slugs: Iterator[str]) -> Iterator[str]:
    """Yield slugs as GitHub writes them: a repeated one gets a number."""
    seen: dict[str, int] = {}
    for slug in slugs:
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        yield f"{slug}-{count}" if count else slug
