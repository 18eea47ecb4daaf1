"""Word documents as Word, LibreOffice, pandoc, Google Docs and npm's packages write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.readers.rows import Row, Text, content, shell
from tests.samples import MAIN_TYPE, W, paragraph, raw_docx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="mht" ContentType="message/rfc822"/>'
    '<Default Extension="html" ContentType="text/html"/>'
    f'<Override PartName="/word/document.xml" ContentType="{MAIN_TYPE}"/></Types>'
)
_RELATION = (
    '<Relationship Id="{id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/{kind}" Target="{target}"/>'
)
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
THREE = ("One", "Two", "Three")


def document(
    body: str,
    *,
    styles: str = "",
    numbering: str = "",
    chunks: Mapping[str, bytes] | None = None,
    more: Mapping[str, bytes | str] | None = None,
) -> Callable[[Path], None]:
    """Return what writes a document with styles, lists and parts in other formats."""
    chunks = chunks or {}
    relations = [
        _RELATION.format(id="rStyles", kind="styles", target="styles.xml"),
        _RELATION.format(id="rNumbering", kind="numbering", target="numbering.xml"),
        *(_RELATION.format(id=name, kind="aFChunk", target=name) for name in chunks),
    ]
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "word/styles.xml": f'<w:styles xmlns:w="{W}">{styles}</w:styles>',
        "word/numbering.xml": f'<w:numbering xmlns:w="{W}">{numbering}</w:numbering>',
        "word/_rels/document.xml.rels": f"{_RELATIONS}{''.join(relations)}</Relationships>",
        **{f"word/{name}": data for name, data in chunks.items()},
        **(more or {}),
    }
    return content(lambda: raw_docx(body, more=parts))


def style(name: str, inner: str = "", *, based_on: str = "", kind: str = "paragraph") -> str:
    """Return the XML of a style whose id is its name without spaces."""
    parent = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    return (
        f'<w:style w:type="{kind}" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/>'
        f"{parent}{inner}</w:style>"
    )


def chapters(heading: Callable[[str], str], *titles: str) -> str:
    """Return headings, each with a paragraph below."""
    return "".join(heading(title) + paragraph("It was dark there.") for title in titles)


HEADING_1 = style("heading 1", '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>').replace(
    'styleId="heading1"', 'styleId="Heading1"'
)


# Chapters ---------------------------------------------------------------------------------------


def _tracked(title: str) -> str:
    """Return a heading whose style was changed from another, with the change tracked."""
    return (
        '<w:p><w:pPr><w:pStyle w:val="Heading1"/><w:pPrChange w:id="1" w:author="A">'
        '<w:pPr><w:pStyle w:val="Normal"/><w:outlineLvl w:val="9"/></w:pPr></w:pPrChange></w:pPr>'
        f"<w:r><w:t>{title}</w:t></w:r></w:p>"
    )


_WAS_HEADING = (
    '<w:p><w:pPr><w:pPrChange w:id="2" w:author="A"><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>'
    "</w:pPrChange></w:pPr><w:r><w:t>Not a heading any more.</w:t></w:r></w:p>"
)
_NUMBERED = (
    '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
    '<w:numFmt w:val="{format}"/>{link}<w:lvlText w:val="Chapter %1"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
)
_EMPTY_HEADING = '<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr></w:p>'
_EMPTY_NUMBERED_HEADING = (
    '<w:p><w:pPr><w:pStyle w:val="Heading1"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/>'
    "</w:numPr></w:pPr></w:p>"
)
_NUMBERED_HEADING_1 = HEADING_1.replace("<w:pPr>", '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr>')


def _bold(title: str) -> str:
    return (
        f'<w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:rPr><w:b/></w:rPr><w:t>{title}</w:t>'
        '</w:r><w:r><w:t xml:space="preserve"> </w:t></w:r></w:p>'
    )


def _large(title: str) -> str:
    return f'<w:p><w:r><w:rPr><w:sz w:val="36"/></w:rPr><w:t>{title}</w:t></w:r></w:p>'


def _styled(style_id: str) -> Callable[[str], str]:
    return lambda title: paragraph(title, style=style_id)


_CONTENTS_ENTRY = (
    '<w:p><w:hyperlink w:anchor="_h1"><w:r><w:t>{title}</w:t></w:r></w:hyperlink>'
    "<w:r><w:tab/><w:t>1</w:t></w:r></w:p>"
)
# Google Docs gives its contents no style of their own.
_GOOGLE_CONTENTS = (
    '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique'
    ' w:val="1"/></w:docPartObj></w:sdtPr><w:sdtContent>'
    '<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText xml:space="preserve"> TOC \\h \\u \\z'
    ' </w:instrText><w:fldChar w:fldCharType="separate"/></w:r></w:p>'
    + "".join(_CONTENTS_ENTRY.format(title=title) for title in THREE)
    + '<w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p></w:sdtContent></w:sdt>'
)
_FIELD_CONTENTS = (
    '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>TOC \\o "1-3"'
    '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r>'
    "<w:t>One 1</w:t></w:r></w:p>"
    + paragraph("Two 2")
    + '<w:p><w:r><w:t>Three 3</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
)
_OPEN_CONTENTS = _FIELD_CONTENTS.replace('<w:r><w:fldChar w:fldCharType="end"/></w:r>', "")

CHAPTER_ROWS = (
    Row(
        "tracked change of style.docx",
        document(chapters(_tracked, *THREE) + _WAS_HEADING, styles=HEADING_1),
        Text(THREE, words=20),
    ),
    Row(
        "automatic numbers on empty headings, LibreOffice.docx",
        document(
            (_EMPTY_NUMBERED_HEADING + paragraph("It was dark.")) * 3,
            styles=HEADING_1,
            numbering=_NUMBERED.format(format="decimal", link=""),
        ),
        Text(("Chapter 1", "Chapter 2", "Chapter 3")),
    ),
    Row(
        "automatic numbers by the style, npm docx.docx",
        document(
            (_EMPTY_HEADING + paragraph("It was dark.")) * 3,
            styles=_NUMBERED_HEADING_1,
            numbering=_NUMBERED.format(format="upperRoman", link='<w:pStyle w:val="Heading1"/>'),
        ),
        Text(("Chapter I", "Chapter II", "Chapter III")),
    ),
    Row("bold alone.docx", document(chapters(_bold, *THREE)), Text(THREE)),
    Row(
        "bold by a style.docx",
        document(chapters(_styled("Mine"), *THREE), styles=style("Mine", "<w:rPr><w:b/></w:rPr>")),
        Text(THREE),
    ),
    Row(
        "larger letters alone.docx",
        document(
            chapters(_large, *THREE),
            styles='<w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="22"/></w:rPr></w:rPrDefault>'
            "</w:docDefaults>",
        ),
        Text(THREE),
    ),
    Row(
        "a style named Chapter Title without a level.docx",
        document(chapters(_styled("ChapterTitle"), *THREE), styles=style("Chapter Title")),
        Text(THREE),
    ),
    Row(
        "style based on Heading 1, LibreOffice.docx",
        document(
            chapters(_styled("MyChapter"), *THREE),
            styles=HEADING_1
            + style("My Chapter", '<w:pPr><w:outlineLvl w:val="9"/></w:pPr>', based_on="Heading1"),
        ),
        Text(THREE),
    ),
    Row(
        "bold title page.docx",
        document(_bold("The Harbour") + _bold("by Ada") + chapters(_bold, *THREE)),
        Text(THREE, title="The Harbour", holds=""),
    ),
    Row(
        "bold words in prose.docx",
        document(
            "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Never</w:t></w:r>"
            "<w:r><w:t> go there.</w:t></w:r></w:p>" * 3
        ),
        Text(("bold words in prose",), words=9),
    ),
    Row(
        "bold cells of a table.docx",
        document(
            "<w:tbl>"
            + f"<w:tr><w:tc>{_bold('Name')}</w:tc><w:tc>{paragraph('Ada')}</w:tc></w:tr>" * 3
            + "</w:tbl>"
            + paragraph("It was dark.") * 3
        ),
        Text(("bold cells of a table",)),
    ),
    Row(
        "contents, Google Docs.docx",
        document(_GOOGLE_CONTENTS + chapters(_styled("Heading1"), *THREE), styles=HEADING_1),
        Text(THREE, words=15),
    ),
    Row(
        "contents by a field.docx",
        document(_FIELD_CONTENTS + chapters(_styled("Heading1"), *THREE), styles=HEADING_1),
        Text(THREE, words=15),
    ),
    Row(
        "contents whose end is missing.docx",
        document(_OPEN_CONTENTS + chapters(_styled("Heading1"), *THREE), styles=HEADING_1),
        Text(("contents whose end is missing", *THREE)),
    ),
    Row(
        "title, author and date, pandoc.docx",
        shell(
            "printf '%% The Harbour\\n%% Ada L\\n%% 2026\\n\\n# One\\n\\na\\n\\n# Two\\n\\nb\\n'"
            " > book.md; pandoc book.md -o $OUT"
        ),
        Text(("One", "Two"), words=4, title="The Harbour"),
    ),
    Row(
        "contents, pandoc.docx",
        shell("printf '# One\\n\\na\\n\\n# Two\\n\\nb\\n' > book.md; pandoc --toc book.md -o $OUT"),
        Text(("One", "Two"), words=4),
    ),
    Row(
        "title that is not first.docx",
        document(
            paragraph("A draft")
            + paragraph("The Harbour", style="Title")
            + chapters(_styled("Heading1"), "One", "Two"),
            styles=HEADING_1 + style("Title"),
        ),
        Text(("The Harbour", "One", "Two"), title="The Harbour", holds="A draft"),
    ),
    Row(
        "chapters in the style Title.docx",
        document(chapters(_styled("Title"), *THREE), styles=style("Title")),
        Text(THREE),
    ),
    Row(
        "afterword above its chapters.docx",
        document(
            chapters(_styled("Heading2"), *THREE) + chapters(_styled("Heading1"), "Afterword"),
        ),
        Text((*THREE, "Afterword")),
    ),
    Row(
        "afterword on the title's level.docx",
        document(
            paragraph("The Harbour", style="Heading1")
            + chapters(_styled("Heading2"), *THREE)
            + chapters(_styled("Heading1"), "Afterword"),
        ),
        Text((*THREE, "Afterword"), title="The Harbour"),
    ),
    Row(
        "parts with chapters.docx",
        document(
            "".join(
                paragraph(part, style="Heading1") + chapters(_styled("Heading2"), "a", "b")
                for part in ("Part One", "Part Two")
            ),
        ),
        Text(("Part One", "Part Two")),
    ),
    Row(
        "more than a hundred chapters.docx",
        document(chapters(_styled("Heading1"), *(f"Chapter {n}" for n in range(1, 251)))),
        Text(tuple(f"Chapter {n}" for n in range(1, 251))),
    ),
)

# Words ------------------------------------------------------------------------------------------

_RUBY = (
    "<w:r><w:ruby><w:rt><w:r><w:t>{reading}</w:t></w:r></w:rt>"
    "<w:rubyBase><w:r><w:t>{base}</w:t></w:r></w:rubyBase></w:ruby></w:r>"
)
_FURIGANA = (
    "<w:p>"
    + _RUBY.format(base="海", reading="うみ")
    + "<w:r><w:t>は</w:t></w:r>"
    + _RUBY.format(base="静", reading="しず")
    + "<w:r><w:t>かだった</w:t></w:r></w:p>"
)
_DROP_CAP = (
    '<w:p><w:pPr><w:framePr w:dropCap="drop" w:lines="3" w:wrap="around"/></w:pPr>'
    "<w:r><w:t>{letter}</w:t></w:r></w:p>"
)
_HIDDEN = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>secret note </w:t><w:tab/></w:r>"
_SHOWN = '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>shown</w:t></w:r>'

WORD_ROWS = (
    Row("furigana.docx", document(_FURIGANA), Text(("furigana",), words=7, holds="海は静かだった")),
    Row(
        "drop cap.docx",
        document(_DROP_CAP.format(letter="T") + paragraph("he sea rose.")),
        Text(("drop cap",), words=3, holds="The sea rose."),
    ),
    Row(
        "drop cap that is a word.docx",
        document(
            _DROP_CAP.format(letter="I")
            + '<w:p><w:r><w:t xml:space="preserve"> saw it.</w:t></w:r></w:p>'
        ),
        Text(("drop cap that is a word",), words=3, holds="I saw it."),
    ),
    Row(
        "hidden text.docx",
        document(f"<w:p>{_HIDDEN}{_SHOWN}</w:p>"),
        Text(("hidden text",), words=1, holds="shown", lacks="secret"),
    ),
    Row(
        "text hidden by a style.docx",
        document(
            '<w:p><w:r><w:rPr><w:rStyle w:val="Note"/></w:rPr><w:t>secret</w:t></w:r>'
            "<w:r><w:t>shown</w:t></w:r></w:p>",
            styles=style("Note", "<w:rPr><w:vanish/></w:rPr>", kind="character"),
        ),
        Text(("text hidden by a style",), words=1, lacks="secret"),
    ),
    Row(
        "ptab and sym.docx",
        document(
            '<w:p><w:r><w:t>left</w:t><w:ptab w:alignment="right"/><w:t>right</w:t></w:r>'
            '<w:r><w:t xml:space="preserve"> end</w:t><w:sym w:font="Wingdings" w:char="F04A"/>'
            '<w:sym w:font="Arial" w:char="2192"/><w:t>start</w:t></w:r></w:p>'
        ),
        Text(("ptab and sym",), holds="left\tright end\u25a1\u2192start"),
    ),
)

# Containers -------------------------------------------------------------------------------------

_PAGE = (
    '<!DOCTYPE html><html><head><title>x</title><style>h1 > p { color: "red" }</style></head><body>'
    + "".join(
        f"<h1 class='a>b'>{title}</h1>\n<p>It was<br>dark &amp; <b>cold</b>.</p>" for title in THREE
    )
    + "</body></html>"
)
# As html-docx-js writes it: a page as quoted-printable in a MIME archive.
_ARCHIVE = (
    'MIME-Version: 1.0\nContent-Type: multipart/related;\n    type="text/html";\n'
    '    boundary="----=mhtDocumentPart"\n\n\n------=mhtDocumentPart\n'
    'Content-Type: text/html;\n    charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n'
    f"Content-Location: file:///C:/fake/document.html\n\n{_PAGE.replace('=', '=3D')}\n\n"
    "------=mhtDocumentPart--\n"
)


def _picture(name: str, size: int, magic: bytes) -> dict[str, bytes | str]:
    return {f"word/media/{name}": magic + b"\xff" * size}


_ROW_OF_TABLE = (
    '<w:tr><w:trPr><w:trHeight w:val="300"/></w:trPr><w:tc><w:tcPr><w:tcW w:w="2000" w:type="dxa"/>'
    '</w:tcPr><w:p><w:pPr><w:spacing w:after="0"/></w:pPr><w:r><w:t>0</w:t></w:r></w:p></w:tc>'
    "</w:tr>"
)

CONTAINER_ROWS = (
    Row(
        "line art in BMP.docx",
        document(paragraph("It was dark."), more=_picture("a.bmp", 40_000_000, b"BM")),
        Text(("line art in BMP",), words=3),
    ),
    Row(
        "line art in TIFF.docx",
        document(paragraph("It was dark."), more=_picture("a.tiff", 26_000_000, b"II*\0")),
        Text(("line art in TIFF",), words=3),
    ),
    Row(
        "table of 6,000 equal rows.docx",
        document(f"<w:tbl>{_ROW_OF_TABLE * 6000}</w:tbl>"),
        Text(("table of 6,000 equal rows",), words=6_000),
    ),
    Row(
        "altChunk, html-docx-js.docx",
        document('<w:altChunk r:id="a.mht" xmlns:r="r"/>', chunks={"a.mht": _ARCHIVE.encode()}),
        Text(THREE, holds="It was\ndark & cold."),
    ),
    Row(
        "altChunk between paragraphs.docx",
        document(
            paragraph("Before.") + '<w:altChunk r:id="a.html" xmlns:r="r"/>' + paragraph("After."),
            chunks={"a.html": _PAGE.encode()},
        ),
        Text(("altChunk between paragraphs", *THREE), holds="cold.\n\nAfter."),
    ),
)

ROWS = CHAPTER_ROWS + WORD_ROWS + CONTAINER_ROWS
