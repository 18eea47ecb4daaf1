from __future__ import annotations

import io
import json
import struct
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api._lib.files.readers import safe_zip
from api._lib.files.readers.document import as_html, as_json, summary_of
from api._lib.files.readers.docx import read_docx
from api._lib.files.readers.errors import UnreadableFileError
from tests.readers.refusals import refusal_by
from tests.samples import MAIN_TYPE, docx_of, paragraph, raw_docx, saved, zip_of

if TYPE_CHECKING:
    from api._lib.files.readers.document import Document

BOOK = docx_of(
    (1, "The Harbour"), (0, "It was dark."), (0, "Nobody came."), (1, "The Sea"), (0, "It rose.")
)


def read(data: bytes) -> Document:
    return read_docx(data, title="untitled")


refusal = partial(refusal_by, read)


def chapters(document: Document) -> dict[str, str]:
    return {chapter.title: chapter.text for chapter in document.chapters}


def test_headings_are_chapters() -> None:
    document = read(BOOK)
    assert chapters(document) == {
        "The Harbour": "It was dark.\n\nNobody came.",
        "The Sea": "It rose.",
    }
    assert [chapter.words for chapter in document.chapters] == [7, 4]
    assert document.words == 11


def test_the_title_is_what_the_document_says_it_is() -> None:
    titled = docx.Document()
    titled.core_properties.title = "in its properties"
    titled.add_heading("On the Page", 0)  # the style named Title
    titled.add_paragraph("Text.")
    assert read(saved(titled)).title == "On the Page"
    assert read(docx_of((0, "Text."), title="in its properties")).title == "in its properties"
    assert read(docx_of((0, "Text."))).title == "untitled"


def test_one_heading_above_all_is_the_title_and_the_next_level_divides() -> None:
    document = read(docx_of((1, "Book"), (2, "One"), (0, "a"), (3, "within"), (2, "Two"), (0, "b")))
    assert document.title == "Book"
    assert chapters(document) == {"One": "a\n\nwithin", "Two": "b"}


def test_what_comes_before_the_first_heading_is_kept() -> None:
    document = read(docx_of((0, "Foreword."), (1, "One"), (0, "a"), (1, "Two"), (0, "b")))
    assert chapters(document) == {"untitled": "Foreword.", "One": "a", "Two": "b"}
    assert not document.chapters[0].has_heading


def test_a_document_without_headings_is_one_chapter() -> None:
    assert chapters(read(docx_of((0, "a"), (0, "b")))) == {"untitled": "a\n\nb"}


def test_tables_breaks_tabs_and_text_boxes_are_read_once() -> None:
    body = (
        paragraph("before")
        + "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        + "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>"
        + '<mc:AlternateContent xmlns:mc="m"><mc:Choice><w:txbxContent>'
        + paragraph("box")
        + "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>"
        + paragraph("box")
        + "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:p>"
    )
    (chapter,) = read(raw_docx(body)).chapters
    assert [part.text for part in chapter.paragraphs] == ["before", "cell", "box", "a\tb\nc"]


def test_deleted_moved_and_computed_text_is_left_out() -> None:
    body = (
        "<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>elsewhere</w:t></w:r></w:moveFrom>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    (chapter,) = read(raw_docx(body)).chapters
    assert chapter.text == "new"


def test_a_table_of_contents_does_not_repeat_the_headings() -> None:
    body = paragraph("One 1", style="TOC1") + paragraph("One", style="Heading1") + paragraph("a")
    assert chapters(read(raw_docx(body))) == {"One": "a"}


def test_a_style_of_ones_own_is_a_heading_if_it_is_based_on_one() -> None:
    document = docx.Document()
    style = document.styles.add_style("Mine", 1)
    style.base_style = document.styles["Heading 1"]
    for title in ("One", "Two"):
        document.add_paragraph(title, style="Mine")
        document.add_paragraph("text")
    assert list(chapters(read(saved(document)))) == ["One", "Two"]


def test_a_paragraph_may_say_its_level_itself() -> None:
    level = '<w:p><w:pPr><w:outlineLvl w:val="0"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    body = level.format("One") + paragraph("a") + level.format("Two") + paragraph("b")
    assert chapters(read(raw_docx(body))) == {"One": "a", "Two": "b"}


def test_the_strict_form_of_the_format_is_read_as_well() -> None:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    strict = {
        name: content.replace(
            b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        ).replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
        for name, content in entries.items()
    }
    assert chapters(read(zip_of(strict))) == chapters(read(BOOK))


def test_the_page_holds_text_and_nothing_that_runs() -> None:
    attack = "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'"
    html = as_html(read(docx_of((1, attack), (0, attack), (1, "b"), (0, attack), title=attack)))
    assert b"<script" not in html
    assert b"<img" not in html
    assert html.count(b"&lt;script&gt;alert(1)&lt;/script&gt;") == 5
    assert b"default-src 'none'" in html


def test_the_json_holds_every_chapter_and_the_summary_the_first() -> None:
    blocks = [block for n in range(150) for block in ((1, f"Chapter {n}"), (0, "text here"))]
    document = read(docx_of(*blocks))
    data: dict[str, Any] = json.loads(as_json(document))
    assert (data["words"], len(data["chapters"])) == (600, 150)
    assert data["chapters"][149] == {
        "title": "Chapter 149",
        "words": 4,
        "characters": 20,
        "text": "text here",
    }
    summary = summary_of(document)
    assert (summary["words"], summary["chapter_count"], len(summary["chapters"])) == (600, 150, 100)


def test_a_word_is_what_word_counts() -> None:
    assert read(docx_of((0, "one two-three  four\tfive"))).words == 4
    assert read(docx_of((0, "日本語 and English"))).words == 5


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"%PDF-1.7", zip_of({"a.txt": "x"}), b"PK\x05\x06" + bytes(18)]
)
def test_something_else_is_not_a_docx(data: bytes) -> None:
    assert refusal(data) == "not_a_docx"


def test_another_office_format_is_not_a_docx() -> None:
    sheet = MAIN_TYPE.replace("wordprocessingml.document", "spreadsheetml.sheet")
    assert refusal(raw_docx(paragraph("a"), main_type=sheet)) == "not_a_docx"


def test_an_old_word_document_is_told_from_an_encrypted_one() -> None:
    container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)
    assert refusal(container) == "not_a_docx"
    assert refusal(container + "EncryptedPackage".encode("utf-16-le")) == "encrypted_document"


def test_macros_are_refused_by_content_type_and_by_part() -> None:
    macro = "application/vnd.ms-word.document.macroEnabled.main+xml"
    assert refusal(raw_docx(paragraph("a"), main_type=macro)) == "document_with_macros"
    hidden = raw_docx(paragraph("a"), more={"word/vbaProject.bin": b"x"})
    assert refusal(hidden) == "document_with_macros"


def test_an_encrypted_entry_is_refused() -> None:
    data = bytearray(raw_docx(paragraph("a")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + offset] |= 1
    assert refusal(bytes(data)) == "encrypted_document"


def test_a_bomb_is_refused_by_its_ratio_before_it_is_inflated() -> None:
    bomb = raw_docx(paragraph("a"), more={"word/media/x.xml": bytes(50_000_000)})
    assert len(bomb) < 60_000
    assert refusal(bomb) == "suspicious_archive"


def test_many_entries_are_refused_by_their_number() -> None:
    many = {f"word/media/{n}": b"" for n in range(safe_zip.MAX_ENTRIES + 1)}
    assert refusal(raw_docx(paragraph("a"), more=many)) == "suspicious_archive"


def test_a_directory_that_says_less_than_it_lists_is_refused_by_its_size() -> None:
    many = {f"word/media/{'n' * 200}{n}": b"" for n in range(safe_zip.MAX_ENTRIES)}
    data = bytearray(raw_docx(paragraph("a"), more=many))
    end = data.rfind(b"PK\x05\x06")
    data[end + 8 : end + 12] = struct.pack("<HH", 1, 1)
    assert refusal(bytes(data)) == "suspicious_archive"


def test_a_second_end_record_is_refused() -> None:
    data = raw_docx(paragraph("a"))
    end = data.rfind(b"PK\x05\x06")
    locator = b"PK\x06\x07" + bytes(16)
    assert refusal(data[:end] + locator + data[end:]) == "suspicious_archive"


def test_entries_that_are_large_together_are_refused() -> None:
    # Each below the ratio: random bytes repeated within the window compress to about a fiftieth.
    block = bytes(range(256)) * 4
    noise = b"".join(bytes([n % 256]) * 16 + block[n % 200 : n % 200 + 40] for n in range(600_000))
    large = {f"word/media/{n}": noise for n in range(8)}
    data = raw_docx(paragraph("a"), more=large)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) > 256 * 1024 * 1024
    assert refusal(data) == "suspicious_archive"


def test_an_entry_that_declares_less_than_it_holds_is_not_believed() -> None:
    data = bytearray(raw_docx(paragraph("word " * 50_000)))
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        name_length = struct.unpack_from("<H", data, at + 28)[0]
        if data[at + 46 : at + 46 + name_length] == b"word/document.xml":
            struct.pack_into("<L", data, at + 24, 500)
    assert refusal(bytes(data)) == "broken_document"


def test_no_more_is_inflated_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api._lib.files.readers.docx.MAX_BODY_BYTES", 1000)
    assert refusal(raw_docx(paragraph("word " * 1000))) == "suspicious_archive"


@pytest.mark.parametrize(
    "xml",
    [
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><d>&b;</d>',
        '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d/>',
        "<d>" * 300 + "</d>" * 300,
        "<d>",
        "<d></e>",
        "",
        "<d>\x00</d>",
    ],
)
def test_xml_that_declares_entities_is_too_deep_or_is_none_is_refused(xml: str) -> None:
    assert refusal(raw_docx("", more={"word/document.xml": xml})) == "broken_document"


def test_a_document_without_words_is_refused() -> None:
    assert refusal(raw_docx(paragraph("  "))) == "empty_document"


def test_a_main_part_that_is_missing_is_a_broken_document() -> None:
    with zipfile.ZipFile(io.BytesIO(raw_docx(paragraph("a")))) as archive:
        names = [name for name in archive.namelist() if name != "word/document.xml"]
        assert refusal(zip_of({name: archive.read(name) for name in names})) == "broken_document"


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_document_is_refused(keep: float) -> None:
    assert refusal(BOOK[: int(len(BOOK) * keep)]) in {"broken_document", "suspicious_archive"}


@given(edits=st.lists(st.tuples(st.integers(0, len(BOOK) - 1), st.integers(0, 255)), max_size=8))
def test_a_damaged_document_is_read_or_refused_and_nothing_else(
    edits: list[tuple[int, int]],
) -> None:
    data = bytearray(BOOK)
    for at, byte in edits:
        data[at] = byte
    try:
        document = read(bytes(data))
    except UnreadableFileError as error:
        assert error.code  # noqa: PT017 - either way is right
    else:
        as_html(document)
        json.loads(as_json(document))


_MARKUP = st.recursive(
    st.one_of(
        st.text(st.characters(codec="utf-8", exclude_characters="<&\r")).map(
            lambda text: "".join(c for c in text if c.isprintable())
        ),
        st.sampled_from(["&lt;b&gt;", "&amp;", "<w:tab/>", "<w:br/>"]),
    ),
    lambda inner: st.builds(
        lambda name, parts: f"<w:{name}>{''.join(parts)}</w:{name}>",
        st.sampled_from(["p", "r", "t", "del", "pPr", "rPr", "tbl", "txbxContent", "ins", "sdt"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=30,
)


@given(body=_MARKUP)
def test_any_nesting_of_elements_is_read_or_refused(body: str) -> None:
    try:
        document = read(raw_docx(body))
    except UnreadableFileError as error:
        assert error.code == "empty_document"  # noqa: PT017 - either way is right
    else:
        assert document.words == sum(chapter.words for chapter in document.chapters) > 0
