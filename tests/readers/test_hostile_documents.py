"""Documents and pages made to mislead or to take long."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api._lib.files.readers.docx import read_docx
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.readers.html_text import html_paragraphs, mime_paragraphs
from api._lib.files.readers.plain_text import read_text
from tests.readers.documents import HEADING_1, document
from tests.readers.refusals import refusal_by
from tests.samples import paragraph

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHUNK = '<w:altChunk r:id="{name}" xmlns:r="r"/>'


def written(make: Callable[[Path], None], folder: Path) -> bytes:
    path = folder / "x.docx"
    make(path)
    return path.read_bytes()


refusal = partial(refusal_by, partial(read_docx, title="x"))


def test_a_part_that_we_cannot_read_is_not_left_out_in_silence(tmp_path: Path) -> None:
    body = paragraph("Before.") + CHUNK.format(name="a.rtf")
    types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rtf" ContentType="application/rtf"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    more = {"[Content_Types].xml": types}
    data = written(document(body, chunks={"a.rtf": b"{\\rtf1 x}"}, more=more), tmp_path)
    assert refusal(data) == "unsupported_document"


def test_a_part_that_is_missing_is_a_broken_document(tmp_path: Path) -> None:
    assert refusal(written(document(CHUNK.format(name="none")), tmp_path)) == "broken_document"


def test_a_picture_is_never_read_as_a_part(tmp_path: Path) -> None:
    chunks = {"a.bmp": b"<p>text</p>"}
    data = written(document(CHUNK.format(name="a.bmp"), chunks=chunks), tmp_path)
    assert refusal(data) == "broken_document"


@pytest.mark.parametrize(
    "pattern",
    [
        *("<a ", "<!--", "</", "<![CDATA[", "&", "&#", "<p>", "<a b='", "<!", "<?", "<script>"),
        *("<", '"', "<a b", "<p title='>", "&a", "<h1>", "</p>"),
    ],
)
def test_half_a_page_of_anything_is_read(pattern: str) -> None:
    """The standard library's parser needs hours for some of these."""
    data = (pattern * 100_000).encode() + b"<p>end</p>"
    assert sum(len(one.text) for one in html_paragraphs(data)) <= len(data)


@settings(deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_page_or_an_archive(data: bytes) -> None:
    html_paragraphs(data)
    html_paragraphs(b"<p>" + data + b"</p>")
    mime_paragraphs(b"Content-Type: multipart/related; boundary=a\n\n--a\n" + data)
    for encoding in (b"base64", b"quoted-printable"):
        headers = b"Content-Type: text/html\nContent-Transfer-Encoding: " + encoding
        mime_paragraphs(headers + b"\n\n" + data)


_PIECES = st.sampled_from(
    [
        *('<w:fldChar w:fldCharType="begin"/>', '<w:fldChar w:fldCharType="separate"/>'),
        *('<w:fldChar w:fldCharType="end"/>', "<w:instrText>TOC</w:instrText>", "<w:t>word</w:t>"),
        *("<w:rPr><w:b/><w:vanish/></w:rPr>", "<w:rPr><w:sz w:val='99'/></w:rPr>", "<w:t> </w:t>"),
        *(
            '<w:sym w:char="F04A"/>',
            '<w:sym w:char="110000"/>',
            '<w:sym w:char="-1"/>',
            "<w:ptab/>",
        ),
    ]
)
_PROPERTIES = st.sampled_from(
    [
        *(
            "",
            '<w:pStyle w:val="Heading1"/>',
            '<w:outlineLvl w:val="9"/>',
            '<w:outlineLvl w:val="3"/>',
        ),
        *('<w:framePr w:dropCap="drop"/>', '<w:numPr><w:numId w:val="1"/></w:numPr>'),
        *(
            '<w:numPr><w:ilvl w:val="99"/><w:numId w:val="1"/></w:numPr>',
            '<w:pStyle w:val="Title"/>',
        ),
    ]
)
_NUMBERING = (
    '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="9999999"/>'
    '<w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1 %9"/></w:lvl><w:lvl w:ilvl="8">'
    '<w:numFmt w:val="upperLetter"/><w:lvlText w:val="%9%1"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
)


@settings(deadline=None, max_examples=150)
@given(paragraphs=st.lists(st.tuples(_PROPERTIES, st.lists(_PIECES, max_size=5)), max_size=8))
def test_any_order_of_fields_and_properties_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, paragraphs: list[tuple[str, list[str]]]
) -> None:
    body = "".join(
        f"<w:p><w:pPr>{properties}</w:pPr>"
        f"{''.join(f'<w:r>{piece}</w:r>' for piece in pieces)}</w:p>"
        for properties, pieces in paragraphs
    )
    make = document(body, styles=HEADING_1, numbering=_NUMBERING)
    data = written(make, tmp_path_factory.mktemp("any"))
    try:
        found = read_docx(data, title="x")
    except UnreadableFileError as error:
        assert error.code == "empty_document"  # noqa: PT017 - either way is right
    else:
        assert found.words == sum(chapter.words for chapter in found.chapters) > 0


@pytest.mark.parametrize("good_characters", [30, 300])
def test_utf_8_with_many_bad_bytes_is_refused(good_characters: int) -> None:
    good = ("Grüße aus der schönen Straße. " * 10)[:good_characters]
    with pytest.raises(UnreadableFileError, match="not_a_text"):
        read_text((good.encode() + b"\xff\xfe" * 10) * 20, title="x")


def test_fences_that_nothing_closes_are_text() -> None:
    data = b"".join(b"```%d\n" % n for n in range(20_000)) + b"\n# One\n\na\n\n# Two\n\nb\n"
    assert [chapter.title for chapter in read_text(data, title="x").chapters] == ["x", "One", "Two"]
