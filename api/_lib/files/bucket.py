"""The private bucket for files: made at the first upload, and described for `make doctor`.

This is the work of Supabase's own client, storage3: S3's CreateBucket cannot set a size limit.
It is slow to import, so functions import this module only when a bucket has to be made.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from storage3 import SyncStorageClient
from storage3.exceptions import StorageApiError

from api._lib.errors import StorageUnavailableError
from api._lib.files.settings import storage_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.settings import Settings

TIMEOUT_SECONDS = 10

_log = logging.getLogger("purse")


@dataclass(frozen=True)
class Bucket:
    """A bucket as Supabase describes it.

    Attributes:
        public: Whether anybody can read an object whose name they know.
        file_size_limit: In bytes; None if only the project's limit applies.
        allowed_mime_types: None if every type is accepted.
    """

    public: bool
    file_size_limit: int | None
    allowed_mime_types: list[str] | None


def make_bucket(config: Settings) -> None:
    """Make the private bucket; do nothing if it exists.

    Its size limit is STORAGE_MAX_FILE_MB. It has no list of types: Supabase compares types as text
    and would refuse "text/plain; charset=utf-8" where the list says "text/plain".

    Raises:
        NotConfiguredError: This deployment has no storage.
        StorageUnavailableError: Supabase is away or refuses.
    """
    target = storage_settings(config)
    with _client(config) as client:
        try:
            client.create_bucket(
                target.bucket,
                options={"public": False, "file_size_limit": target.max_file_bytes},
            )
        except StorageApiError as error:
            # Another process was faster.
            if str(error.status) != "409":
                raise
        else:
            _log.info("storage: made the bucket %s", target.bucket)


def read_bucket(config: Settings) -> Bucket | None:
    """Return the bucket, or None if it does not exist.

    Raises:
        NotConfiguredError: This deployment has no storage.
        StorageUnavailableError: Supabase is away or refuses.
    """
    target = storage_settings(config)
    with _client(config) as client:
        try:
            found = client.get_bucket(target.bucket)
        except StorageApiError as error:
            # As text: the number 404 means that no storage API answered.
            if error.status == "404":
                return None
            raise
    return Bucket(found.public, found.file_size_limit, found.allowed_mime_types)


@contextmanager
def _client(config: Settings) -> Iterator[SyncStorageClient]:
    headers = {
        "apikey": config.supabase_secret_key,
        "Authorization": f"Bearer {config.supabase_secret_key}",
    }
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS) as http:
            url = f"{config.supabase_url}/storage/v1/"
            yield SyncStorageClient(url, headers, http_client=http)
    except StorageApiError as error:
        _log.warning("storage: bucket: %s %s %s", error.status, error.code, error.message)
        raise StorageUnavailableError from None
    except httpx.HTTPError as error:
        _log.warning("storage: bucket: %s", type(error).__name__)
        raise StorageUnavailableError from None
