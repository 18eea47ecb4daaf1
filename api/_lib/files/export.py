"""An archive of processed files: chapters and sound, each in a folder of its own, and a manifest.

Written as it is read, piece by piece. The pieces come from and go to whoever calls.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, cast

from api._lib.files.kinds import stem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from api._lib.files.multipart import PartWriter

MANIFEST = "manifest.json"
MAX_FOLDER_CHARS = 80

# Compressed already: the attempt would only take time.
_STORED = ("audio/mpeg", "audio/mp4", "audio/ogg", "audio/flac", "application/vnd.openxmlformats", "application/zip")
# No system takes these in a name, or takes them for something else.
_FORBIDDEN = frozenset('<>:"|?*/\\')


def write_export(
    target: PartWriter,
    files: Sequence[dict[str, Any]],
    *,
    read: Callable[[str, str], Iterator[bytes]],
) -> None:
    """Write the archive.

    Args:
        target: Takes its bytes in order; nothing goes back.
        files: Files that are done, as the database has them.
        read: Yields what is to be downloaded of a file, by the file's id and the download's name.
    """
    manifest = []
    with zipfile.ZipFile(cast("IO[bytes]", target), "w") as archive:
        for number, file in enumerate(files, 1):
            folder = folder_of(number, file["filename"])
            entries = [
                _write(archive, f"{folder}/{result['name']}", file, result, read)
                for result in file["results"]
            ]
            manifest.append(_about(file, entries))
        content = json.dumps({"files": manifest}, ensure_ascii=False, indent=1)
        archive.writestr(MANIFEST, content.encode(), zipfile.ZIP_DEFLATED)


def folder_of(number: int, filename: str) -> str:
    """Return a file's folder in the archive: its place, and what any system takes of its name."""
    letters = (
        "_" if char in _FORBIDDEN or not char.isprintable() else char for char in stem(filename)
    )
    return f"{number:02d} {''.join(letters)[:MAX_FOLDER_CHARS].strip('. ')}".strip()


def _write(
    archive: zipfile.ZipFile,
    path: str,
    file: dict[str, Any],
    result: dict[str, Any],
    read: Callable[[str, str], Iterable[bytes]],
) -> dict[str, Any]:
    info = zipfile.ZipInfo(path, _moment(file).timetuple()[:6])
    is_compressed = result["content_type"].startswith(_STORED)
    info.compress_type = zipfile.ZIP_STORED if is_compressed else zipfile.ZIP_DEFLATED
    info.file_size = result["size"]
    info.external_attr = 0o644 << 16
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w") as entry:
        for chunk in read(file["id"], result["name"]):
            digest.update(chunk)
            size += len(chunk)
            entry.write(chunk)
    return {
        "path": path,
        "content_type": result["content_type"],
        "size": size,
        "sha256": digest.hexdigest(),
    }


def _about(file: dict[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    shown = ("id", "feature", "filename", "created_at", "summary")
    return {**{name: file[name] for name in shown}, "entries": entries}


def _moment(file: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(file["created_at"])
