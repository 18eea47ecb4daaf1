"""Finds a document's title and headings where styles alone do not tell. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from api._lib.files.readers.chapter_names import names_a_chapter
from api._lib.files.readers.document import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from api._lib.files.readers.document import Paragraph
    from api._lib.files.readers.docx_paragraphs import Kept

MAX_GUESSED_CHARS = 100

_MIN_GUESSED = 2
# More headings than text are no headings.
_MAX_GUESSED_SHARE = 0.5
_LARGER = 1.2


def titled(kept: Sequence[Kept]) -> tuple[str, list[Paragraph]]:
    """Return the document's title, "" if it has none, and its paragraphs with their levels.

    The first paragraph in the style Title is the title, wherever it stands; subtitle, author and
    date before the text are no text either. Where no style and no outline level marks a heading,
    the look of short paragraphs tells.
    """
    titles = [at for at, one in enumerate(kept) if one.look.is_title and not one.paragraph.level]
    has_headings = any(one.paragraph.level for one in kept)
    if len(titles) > 1 and not has_headings:
        chosen = set(titles)
        return "", [_as_heading(one, at in chosen) for at, one in enumerate(kept)]
    title = one_line(kept[titles[0]].paragraph.text) if titles else ""
    left = [one for at, one in enumerate(kept) if at not in titles[:1]]
    start = next((at for at, one in enumerate(left) if not one.look.is_front_matter), 0)
    left = left[start:]
    if has_headings:
        return title, [one.paragraph for one in left]
    guessed, own_title = _guessed(left)
    return title or own_title, guessed


def _guessed(kept: Sequence[Kept]) -> tuple[list[Paragraph], str]:
    """Mark what looks like headings; return also the title on a title page before the first."""
    short = [at for at, one in enumerate(kept) if _is_short(one)]
    size = _usual_size(kept)
    looks: tuple[Callable[[Kept], bool], ...] = (
        lambda one: one.look.is_named_as_heading,
        lambda one: names_a_chapter(one.paragraph.text),
        lambda one: one.is_bold,
        lambda one: bool(size and one.half_points and one.half_points >= _LARGER * size),
    )
    for is_alike in looks:
        alike = [at for at in short if is_alike(kept[at])]
        headings = _first_of_each_group(alike, len(kept))
        if _MIN_GUESSED <= len(headings) <= _MAX_GUESSED_SHARE * len(kept):
            chosen = set(headings)
            # Lines of one look before the first heading are a title page: title, author, date.
            has_title_page = headings[0] > 0 and alike[: headings[0]] == [*range(headings[0])]
            start = headings[0] if has_title_page else 0
            title = one_line(kept[0].paragraph.text) if has_title_page else ""
            paragraphs = [_as_heading(one, at in chosen) for at, one in enumerate(kept)]
            return paragraphs[start:], title
    return [one.paragraph for one in kept], ""


def _usual_size(kept: Sequence[Kept]) -> int | None:
    letters = Counter[int]()
    for one in kept:
        if one.half_points:
            letters[one.half_points] += len(one.paragraph.text)
    return max(letters, key=lambda size: letters[size], default=None)


def _first_of_each_group(alike: Sequence[int], count: int) -> list[int]:
    """Return the places of the headings among lines that look alike.

    Of several lines in a row the first is the heading, and the others are its subtitle; but at the
    very beginning the last is, and the others are a title page. A heading that nothing follows is
    none.
    """
    groups: list[list[int]] = []
    for at in alike:
        if groups and groups[-1][-1] == at - 1:
            groups[-1].append(at)
        else:
            groups.append([at])
    if groups and groups[-1][-1] == count - 1:
        groups.pop()
    return [group[-1] if group[0] == 0 else group[0] for group in groups]


def _is_short(one: Kept) -> bool:
    text = one.paragraph.text
    if one.is_in_table or len(text) > MAX_GUESSED_CHARS or not any(map(str.isalnum, text)):
        return False
    return names_a_chapter(text) or not text.endswith((".", ",", ";", ":", "。", "，"))


def _as_heading(one: Kept, is_heading: bool) -> Paragraph:
    return replace(one.paragraph, level=1) if is_heading else one.paragraph
