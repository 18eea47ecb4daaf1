"""Signed URLs: a browser uploads a file to one and downloads from one, without our functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from api._lib.files.s3 import access_key, object_url
from api._lib.files.sigv4 import presign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.files.settings import StorageSettings

# Supabase also obeys headers that a URL does not sign. Each of these would change what an upload
# stores: a copy of any object in the project, fewer bytes than were signed for, or content that
# programs inflate when they read it. An upload URL is therefore valid only without them.
FORBIDDEN_HEADERS = ("content-encoding", "x-amz-content-sha256", "x-amz-copy-source")


@dataclass(frozen=True)
class Upload:
    """How to upload an object: this method, this URL, these headers."""

    url: str
    headers: Mapping[str, str]
    method: str = "PUT"


def upload_url(
    config: StorageSettings, name: str, *, size: int, content_type: str, seconds: int
) -> Upload:
    """Return how a browser can upload an object.

    The URL fixes the object's name, its size in bytes and its type. An upload must begin within so
    many seconds; it may end later. Until then the URL can be used again and replaces the object.
    """
    url = presign(
        access_key(config),
        "PUT",
        object_url(config, name),
        now=datetime.now(UTC),
        seconds=seconds,
        headers={"content-length": str(size), "content-type": content_type},
        absent=FORBIDDEN_HEADERS,
    )
    # A browser sets Content-Length itself and does not let a script set it.
    return Upload(url, {"Content-Type": content_type})


def download_url(config: StorageSettings, name: str, *, filename: str, seconds: int) -> str:
    """Return a URL that downloads an object under this file name for so many seconds."""
    return presign(
        access_key(config),
        "GET",
        object_url(config, name),
        now=datetime.now(UTC),
        seconds=seconds,
        query={"response-content-disposition": attachment(filename)},
    )


def attachment(filename: str) -> str:
    """Return a Content-Disposition header that saves a download under any Unicode file name."""
    ascii_name = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\%' else "_"
        for char in filename
    )
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(filename, safe='')}"
