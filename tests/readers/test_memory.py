"""What a function can spare for one file: every file that is accepted peaks at 150 MB at most."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from api._lib.files.readers import bounds
from api._lib.files.readers.errors import UnreadableFileError
from tests.readers.memory import peak_mb
from tests.readers.rows import MissingProgramError, Refused, Row, read
from tests.readers.test_rows import ROWS
from tests.samples import paragraph, raw_docx
from tests.support import cannot_run

if TYPE_CHECKING:
    from pathlib import Path

MOST_MB = 150
EMOJI = "\U0001f600"
NEARLY_ALL = bounds.MAX_PARAGRAPHS - 1


def docx(body: str) -> bytes:
    """Write a document that is no bomb: a part of it cannot be compressed."""
    noise = secrets.token_hex(len(body) // 110)
    return raw_docx(f"{body}<!--{noise}-->")


# As much as the bounds allow of one thing each.
ACCEPTED = {
    "chapters.txt": (b"# a\n\n" + b"b\n\n" * 8) * bounds.MAX_CHAPTERS,
    "lines.txt": b"abcdefgh\n" * bounds.MAX_LINES,
    "paragraphs.txt": (b"a" * 48 + b"\n\n") * NEARLY_ALL,
    "wide characters.txt": b"a" * 4_990_000 + EMOJI.encode(),
    "escaped characters.txt": b"<&" * 2_500_000,
    "paragraphs.docx": docx(paragraph("abcde " * 9 + EMOJI) * NEARLY_ALL),
    "one long run.docx": docx(paragraph("a " * 2_900_000 + EMOJI)),
    "runs.docx": docx(f"<w:p>{'<w:r><w:t>a</w:t></w:r>' * 490_000}</w:p>"),
    "signs.docx": docx(f"<w:p><w:r><w:t>a</w:t>{'<w:tab/>' * 990_000}</w:r></w:p>"),
}
TOO_LARGE = {
    "chapters.txt": (b"# a\n" * (bounds.MAX_CHAPTERS + 1), "chapters"),
    "headings.txt": (b"# a\n" * 500_000, "paragraphs"),
    "paragraphs.txt": (b"a\n\n" * (bounds.MAX_PARAGRAPHS + 1), "paragraphs"),
    "lines.txt": (b"a\n" * (bounds.MAX_LINES + 1), "lines"),
    "empty paragraphs.docx": (docx("<w:p/>" * (NEARLY_ALL + 2)), "paragraphs"),
    "signs.docx": (
        docx(f"<w:p><w:r>{'<w:tab/>' * bounds.MAX_ELEMENTS}</w:r></w:p>"),
        "formatting marks",
    ),
    "one long run.docx": (docx(paragraph("a" * (bounds.MAX_CHARACTERS + 1))), "characters"),
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_file_as_peoples_programs_write_it_takes_little_memory(row: Row, tmp_path: Path) -> None:
    try:
        path = row.write(tmp_path)
    except MissingProgramError as error:
        cannot_run(str(error))
    peak = peak_mb(path)
    assert (peak is None) == isinstance(row.expected, Refused)
    assert (peak or 0) <= MOST_MB


@pytest.mark.parametrize("name", ACCEPTED)
def test_as_much_as_is_accepted_takes_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(ACCEPTED[name])
    peak = peak_mb(path)
    assert peak is not None
    assert peak <= MOST_MB


@pytest.mark.parametrize("name", TOO_LARGE)
def test_what_would_take_too_much_is_refused(name: str, tmp_path: Path) -> None:
    data, what = TOO_LARGE[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(UnreadableFileError) as refused:
        read(path)
    assert refused.value.code == "document_too_large"
    assert what in refused.value.message
