"""One archive of several processed files: a folder for each file, and a manifest.

The archive is written while the files are read, in pieces, so no file is in memory as a whole.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, cast

from api._lib.files.kinds import EXPORT, EXPORT_NAME, stem
from api._lib.files.multipart import PartWriter
from api._lib.files.processing import Result, process
from api._lib.files.readers.errors import UnreadableFileError
from api._lib.files.rows import begin_file
from api._lib.files.s3 import NoSuchObjectError, ObjectTooLargeError
from api._lib.files.settings import storage_settings
from api._lib.files.storage import storage
from api._lib.files.stored_file import Download

if TYPE_CHECKING:
    from collections.abc import Iterable

    from api._lib.files.stored_file import Lease, ProcessedFile, StoredFile

HOLD_SECONDS = 1800
EXPORT_TYPE = "application/zip"
MANIFEST = "manifest.json"
MAX_FOLDER_CHARS = 80

# Types whose files are compressed already.
_STORED = (
    *("audio/mpeg", "audio/mp4", "audio/ogg", "audio/flac"),
    *("application/vnd.openxmlformats", "application/zip"),
)
# Characters that some operating system does not allow in a file's name.
_FORBIDDEN = frozenset('<>:"|?*/\\')


def export_files(user_id: str, file_ids: list[str], idempotency_key: str | None) -> ProcessedFile:
    """Make one archive of processed files and charge for it; the same key makes it once.

    Its name has the day, by UTC, on which it was first asked for.

    Raises:
        InsufficientCreditsError: The user cannot pay.
        NotFoundError: One of the files is not the user's.
        ConflictError: One of the files is not done, the key was used for another request, or an
            export with the same key is being made.
        StorageUnavailableError: The storage cannot be reached.
        NotConfiguredError: This deployment has no storage.
    """
    storage_settings()
    file = begin_file(
        user_id,
        feature=EXPORT,
        filename=f"files-{datetime.now(UTC):%Y-%m-%d}.zip",
        size=0,
        content_type=EXPORT_TYPE,
        idempotency_key=idempotency_key,
        hold_seconds=HOLD_SECONDS,
        source_ids=file_ids,
    )
    return process(user_id, file.id, is_uploaded=True, make=_make_archive)


def _make_archive(lease: Lease) -> Result:
    limit = storage_settings().max_file_bytes
    name = lease.file.object_name(EXPORT_NAME)
    try:
        with PartWriter(storage(), name, content_type=EXPORT_TYPE, limit_bytes=limit) as writer:
            _write_archive(writer, lease.sources)
    except ObjectTooLargeError:
        raise UnreadableFileError(
            f"These files make an archive of more than {limit // 1_000_000} MB. Choose fewer.",
            code="export_too_large",
        ) from None
    except NoSuchObjectError:
        raise UnreadableFileError(
            "One of these files is not in the storage any more.", code="source_missing"
        ) from None
    download = Download(EXPORT_NAME, EXPORT_TYPE, writer.size)
    return Result({"files": len(lease.sources)}, [download], writer.size)


def _write_archive(target: PartWriter, files: Iterable[StoredFile]) -> None:
    manifest = []
    with zipfile.ZipFile(cast("IO[bytes]", target), "w") as archive:
        for number, file in enumerate(files, 1):
            folder = folder_of(number, file.filename)
            entries = [
                _add(archive, f"{folder}/{download.name}", file, download)
                for download in file.downloads
            ]
            manifest.append(_about(file, entries))
        content = json.dumps({"files": manifest}, ensure_ascii=False, indent=1)
        archive.writestr(MANIFEST, content.encode(), zipfile.ZIP_DEFLATED)


def folder_of(number: int, filename: str) -> str:
    """Return a file's folder in the archive: its number, and its name as any system allows it."""
    letters = (
        "_" if char in _FORBIDDEN or not char.isprintable() else char for char in stem(filename)
    )
    return f"{number:02d} {''.join(letters)[:MAX_FOLDER_CHARS].strip('. ')}".strip()


def _add(
    archive: zipfile.ZipFile, path: str, file: StoredFile, download: Download
) -> dict[str, Any]:
    """Copy a download from the storage into the archive; return its entry of the manifest."""
    info = zipfile.ZipInfo(path, datetime.fromisoformat(file.created_at).timetuple()[:6])
    is_compressed = download.content_type.startswith(_STORED)
    info.compress_type = zipfile.ZIP_STORED if is_compressed else zipfile.ZIP_DEFLATED
    info.file_size = download.size
    info.external_attr = 0o644 << 16
    digest, size = hashlib.sha256(), 0
    with archive.open(info, "w") as entry:
        for chunk in storage().read(file.object_name(download.name)):
            digest.update(chunk)
            size += len(chunk)
            entry.write(chunk)
    return {
        "path": path,
        "content_type": download.content_type,
        "size": size,
        "sha256": digest.hexdigest(),
    }


def _about(file: StoredFile, entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": file.id,
        "feature": file.feature,
        "filename": file.filename,
        "created_at": file.created_at,
        "summary": file.summary,
        "entries": entries,
    }
