"""A file as its owner sees it: the JSON of /api/files, with signed download addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.files.kinds import EXPORT_NAME, ending, stem
from api._lib.files.settings import storage_settings
from api._lib.files.signed_urls import download_url

if TYPE_CHECKING:
    from api._lib.files.stored_file import ProcessedFile, StoredFile

DOWNLOAD_SECONDS = 3600


def file_json(file: StoredFile) -> dict[str, Any]:
    """Return a file with an address for each download, good for DOWNLOAD_SECONDS."""
    return {
        "id": file.id,
        "feature": file.feature,
        "filename": file.filename,
        "size": file.size,
        "content_type": file.content_type,
        "status": file.status,
        "credits": file.credits,
        "created_at": file.created_at,
        "completed_at": file.completed_at,
        "error": file.error,
        "transaction_id": file.transaction_id,
        "summary": file.summary,
        "downloads": [
            {
                "name": download.name,
                "content_type": download.content_type,
                "url": download_url(
                    storage_settings(),
                    file.object_name(download.name),
                    filename=_saved_as(file.filename, download.name),
                    seconds=DOWNLOAD_SECONDS,
                ),
            }
            for download in file.downloads
        ],
    }


def processed_json(processed: ProcessedFile) -> dict[str, Any]:
    """Return a file that is done or failed, with its owner's balance in credits."""
    return {"file": file_json(processed.file), "balance": processed.balance}


def _saved_as(filename: str, name: str) -> str:
    """Return the name under which a browser saves a download."""
    if name.startswith("source."):
        return filename if ending(filename) == ending(name) else f"{stem(filename)}{ending(name)}"
    return filename if name == EXPORT_NAME else f"{stem(filename)} {name}"
