from __future__ import annotations

import codecs
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.plain_text import read_text
from tests.readers.refusals import refusal_by
from tests.samples import docx_of, mp3_of, wav_of

if TYPE_CHECKING:
    from api._lib.files.readers.document import Document

TEXT = "Grüße \N{EN DASH} “voilà”"


def read(data: bytes) -> Document:
    return read_text(data, title="notes")


refusal = partial(refusal_by, read)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        TEXT.encode("cp1252"),
    ],
)
def test_the_encoding_is_found_out(data: bytes) -> None:
    (chapter,) = read(data).chapters
    assert chapter.text == TEXT


def test_latin_1_is_read_too() -> None:
    assert read("Grüße, señor".encode("latin-1")).chapters[0].text == "Grüße, señor"


def test_a_text_without_headings_is_one_chapter_named_after_the_file() -> None:
    document = read(b"One.\r\nStill one.\r\n\r\nTwo.\r\n")
    assert document.title == "notes"
    (chapter,) = document.chapters
    assert chapter.text == "One.\nStill one.\n\nTwo."
    assert document.words == 4


def test_markdown_headings_divide() -> None:
    document = read(b"# Book\n\n## One\ntext\n## Two ##\nmore\n")
    assert document.title == "Book"
    assert {chapter.title: chapter.text for chapter in document.chapters} == {
        "One": "text",
        "Two": "more",
    }


@pytest.mark.parametrize(
    "heading",
    [
        "Chapter 1",
        "CHAPTER XII: The Sea",
        "Part two - Later",
        "Kapitel 3",
        "Prologue",
        "Cap\u00edtulo 4",
    ],
)
def test_a_line_that_names_a_chapter_divides(heading: str) -> None:
    document = read(f"Before.\n\n{heading}\nText.\n".encode())
    assert [chapter.title for chapter in document.chapters] == ["notes", heading]


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 1 was long and dull, as we all knew",
        "Part of it",
        "a chapter",
        "#hashtag",
        "####### x",
    ],
)
def test_a_line_of_prose_does_not(line: str) -> None:
    assert len(read(f"Before.\n\n{line}\nText.\n".encode()).chapters) == 1


def test_a_chapters_name_in_the_middle_of_a_paragraph_does_not() -> None:
    assert len(read(b"We opened\nChapter 1\nand read.\n").chapters) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7 text",
        b"{\\rtf1 text}",
        docx_of((0, "a")),
        mp3_of(),
        wav_of(),
        b"text\x00text",
        TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_LE + b"\x00\xd8a",
        codecs.BOM_UTF8 + b"\xff",
        bytes(range(256)),
        b"\x81\x8d\x8f",
    ],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    assert refusal(data) == "not_a_text"


@pytest.mark.parametrize("data", [b"", b" \r\n\t", codecs.BOM_UTF8])
def test_nothing_is_refused(data: bytes) -> None:
    assert refusal(data) == "empty_document"


@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_no_letter_of_a_utf_8_text_is_lost(text: str) -> None:
    body = f"x{text}"
    document = read(body.encode())
    assert document.characters == len(body)


@given(data=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert read(data).words
    except UnreadableFileError as error:
        assert error.code in {"not_a_text", "empty_document"}  # noqa: PT017 - either way is right
