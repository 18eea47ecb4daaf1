"""Which files each feature takes: types by file ending, and sizes. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib.errors import InvalidRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCX, TXT, AUDIO, EXPORT = "docx_processing", "txt_upload", "audio_upload", "premium_export"
# What an archive is called in the storage. Its owner saves it under the name of its row.
EXPORT_NAME = "export.zip"
MAX_FILENAME_CHARS = 255

_MB = 1_000_000
# Unicode categories not allowed in file names: control characters, surrogates, line separators.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


@dataclass(frozen=True)
class Kind:
    """The kind of files that a feature takes.

    Attributes:
        types: Ending of the file's name -> content type that it is stored with.
        max_bytes: The largest file, unless the storage takes only smaller ones.
        name: The words for such a file in a sentence.
    """

    types: Mapping[str, str]
    max_bytes: int
    name: str


KINDS: Mapping[str, Kind] = {
    DOCX: Kind(
        {".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        20 * _MB,
        "a Word document (.docx)",
    ),
    TXT: Kind(
        {".txt": "text/plain", ".md": "text/plain"},
        5 * _MB,
        "a text file (.txt or .md)",
    ),
    AUDIO: Kind(
        {
            ".mp3": "audio/mpeg",
            ".wav": "audio/wav",
            ".m4a": "audio/mp4",
            ".m4b": "audio/mp4",
            ".flac": "audio/flac",
            ".ogg": "audio/ogg",
            ".oga": "audio/ogg",
            ".opus": "audio/ogg",
        },
        5_000 * _MB,
        "an MP3, WAV, M4A, M4B, FLAC, OGG or Opus file",
    ),
}
# Format of a recording, by its content -> the endings that its name may have, the usual one first.
AUDIO_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "mp3": (".mp3",),
    "wav": (".wav",),
    "m4a": (".m4a", ".m4b"),
    "flac": (".flac",),
    "ogg": (".ogg", ".oga"),
    "opus": (".opus", ".ogg", ".oga"),
}


@dataclass(frozen=True)
class NewUpload:
    """The request for an upload, checked.

    Attributes:
        feature: The feature that the user pays for.
        filename: The file's name on the user's disk.
        size: Its size in bytes.
        content_type: The type to store it with, which follows from the file's ending.
    """

    feature: str
    filename: str
    size: int
    content_type: str


def new_upload(body: Mapping[str, Any], *, max_file_bytes: int) -> NewUpload:
    """Check the request for an upload.

    Args:
        body: `{feature, filename, size, content_type}`.
        max_file_bytes: The largest file that the storage takes.

    Raises:
        NotFoundError: No feature of this name takes files.
        InvalidRequestError: A field is missing or wrong, the type is not the feature's
            (`unsupported_type`), or there are too many bytes (`file_too_large`).
    """
    feature, filename, size = body.get("feature"), body.get("filename"), body.get("size")
    if not isinstance(feature, str):
        raise InvalidRequestError('Name the feature, as in {"feature": "docx_processing"}.')
    kind = KINDS.get(feature)
    if kind is None:
        raise NotFoundError("No such feature takes files.", code="unknown_feature")
    if not isinstance(filename, str) or not is_filename(filename):
        raise InvalidRequestError(
            f"filename must be a file's name of 1 to {MAX_FILENAME_CHARS} letters, without a path."
        )
    if type(size) is not int or size < 1:
        raise InvalidRequestError("size must be the file's size in bytes, at least 1.")
    content_type = _content_type(kind, filename, body.get("content_type"))
    limit = size_limits(max_file_bytes)[feature]
    if size > limit:
        raise InvalidRequestError(
            f"This file is too large: {kind.name} may have up to {limit // _MB} MB.",
            code="file_too_large",
        )
    return NewUpload(feature, filename, size, content_type)


def size_limits(max_file_bytes: int) -> dict[str, int]:
    """Return the largest file in bytes that each feature takes, by the feature's id."""
    return {feature: min(kind.max_bytes, max_file_bytes) for feature, kind in KINDS.items()}


def is_filename(text: str) -> bool:
    """Whether a text can be a file name on any system and be stored in the database."""
    return (
        1 <= len(text) <= MAX_FILENAME_CHARS
        and bool(text.strip(". "))
        and not any(char in "/\\" or unicodedata.category(char) in _UNPRINTABLE for char in text)
    )


def stem(filename: str) -> str:
    """Return a file's name without its ending."""
    return filename.rpartition(".")[0] or filename


def ending(filename: str) -> str:
    """Return a file name's ending in lower case, with its dot; "" if it has none."""
    before, point, after = filename.rpartition(".")
    return f"{point}{after.lower()}" if before else ""


def _content_type(kind: Kind, filename: str, declared: Any) -> str:
    """Return the content type of the file's ending.

    The declared type decides nothing, because it depends on the programs installed beside the
    browser: `application/msword` or `application/zip` for a DOCX, `video/mp4` for an audiobook.
    """
    if not isinstance(declared, str):
        raise InvalidRequestError("content_type must be the file's type, as the browser has it.")
    content_type = kind.types.get(ending(filename))
    if content_type is None:
        raise InvalidRequestError(f"This feature takes {kind.name}.", code="unsupported_type")
    return content_type
