"""Real files, made on the spot: DOCX by python-docx or by hand, MP3 and WAV frame by frame."""

from __future__ import annotations

import io
import struct
import wave
import zipfile
from typing import TYPE_CHECKING

import docx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"

_CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="{main}"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)
MAIN_TYPE = f"{DOCX_TYPE}.main+xml"

# A frame of MPEG-1 layer III, 128 kbit/s, 44.1 kHz, stereo: 417 bytes, 1152 samples.
FRAME = b"\xff\xfb\x90\x00" + bytes(413)
FRAME_SECONDS = 1152 / 44100
# MPEG-2 at 22.05 kHz, 64 kbit/s: 576 samples.
MPEG_2_FRAME = b"\xff\xf3\x80\x00" + bytes(204)


def docx_of(*blocks: tuple[int, str], title: str = "") -> bytes:
    """Write a document with python-docx: (heading level or 0, text) in order."""
    document = docx.Document()
    document.core_properties.title = title
    for level, text in blocks:
        if level:
            document.add_heading(text, level)
        else:
            document.add_paragraph(text)
    return saved(document)


def saved(document: docx.document.Document) -> bytes:
    """Return the bytes of a python-docx document."""
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def zip_of(entries: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Write a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def raw_docx(
    body: str, *, main_type: str = MAIN_TYPE, more: Mapping[str, bytes | str] | None = None
) -> bytes:
    """Write the smallest document there is around the XML of its body."""
    return zip_of(
        {
            "[Content_Types].xml": _CONTENT_TYPES.format(main=main_type),
            "_rels/.rels": _RELATIONS,
            "word/document.xml": f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
            **(more or {}),
        }
    )


def paragraph(text: str, *, style: str = "") -> str:
    """Return the XML of a paragraph; the text is XML already."""
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r><w:t>{text}</w:t></w:r></w:p>"


def mp3_of(frames: int = 100, *, tags: Mapping[str, str] | None = None) -> bytes:
    """Write an MP3 of silence, with an ID3v2.3 tag if there is something to say."""
    return (id3(tags) if tags else b"") + FRAME * frames


def id3(tags: Mapping[str, str]) -> bytes:
    """Write an ID3v2.3 tag of text frames: {"TIT2": "title"}."""
    frames = b"".join(
        name.encode()
        + struct.pack(">LH", len(text.encode("utf-16")) + 1, 0)
        + b"\x01"
        + text.encode("utf-16")
        for name, text in tags.items()
    )
    size = len(frames)
    return b"ID3\x03\x00\x00" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frames


def wav_of(seconds: float = 1.0, *, rate: int = 8000, more: Iterable[bytes] = ()) -> bytes:
    """Write a WAV of silence, 16 bits, mono; more chunks follow its sound."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * int(seconds * rate)))
    data = buffer.getvalue() + b"".join(more)
    return data[:4] + struct.pack("<L", len(data) - 8) + data[8:]


def info_chunk(tags: Mapping[bytes, bytes]) -> bytes:
    """Write a WAV's INFO chunk: {b"INAM": b"title"}."""
    fields = b"".join(
        name + struct.pack("<L", len(text)) + text + b"\x00" * (len(text) % 2)
        for name, text in tags.items()
    )
    return b"LIST" + struct.pack("<L", len(fields) + 4) + b"INFO" + fields
