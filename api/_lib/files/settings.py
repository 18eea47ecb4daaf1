"""Settings of the file storage: the STORAGE_… variables.

api/_lib/settings.py reads them together with all others, so every problem is reported at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api._lib.errors import NotConfiguredError
from api._lib.settings import settings

if TYPE_CHECKING:
    from api._lib.environment_reader import EnvironmentReader
    from api._lib.settings import Settings

DEFAULT_BUCKET = "purse-files"
# Supabase's limit for a file on its free plan, and its default on the other plans.
DEFAULT_MAX_FILE_MB = 50

_SUPABASE_DOMAIN = ".supabase.co"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


@dataclass(frozen=True, repr=False)
class StorageSettings:
    """A bucket and the S3 access key for it. It has no repr, because it holds a secret.

    Attributes:
        endpoint: The S3 endpoint with its path, without a slash at the end.
        region: The region that requests are signed for.
        access_key_id: An S3 access key of the Supabase project.
        secret_access_key: Its secret.
        bucket: A private bucket.
        max_file_bytes: The largest file that the storage takes.
    """

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str
    bucket: str
    max_file_bytes: int


def storage_settings(config: Settings | None = None) -> StorageSettings:
    """Return the storage's settings, of this deployment unless others are given.

    Raises:
        NotConfiguredError: The deployment has no storage.
    """
    storage = (config or settings()).files
    if not isinstance(storage, StorageSettings):
        raise NotConfiguredError(
            ("STORAGE_S3_ACCESS_KEY_ID is missing",), "This deployment keeps no files."
        )
    return storage


def read_settings(read: EnvironmentReader, supabase_url: str) -> StorageSettings | None:
    """Read the variables; return None without an access key, which closes the file endpoints.

    Problems are collected in the reader.
    """
    access_key_id = read.first("STORAGE_S3_ACCESS_KEY_ID")
    secret = read.first("STORAGE_S3_SECRET_ACCESS_KEY")
    endpoint = read.first("STORAGE_S3_ENDPOINT")
    region = read.first("STORAGE_S3_REGION") or "us-east-1"
    bucket = read.first("STORAGE_BUCKET") or DEFAULT_BUCKET
    max_file_mb = read.count("STORAGE_MAX_FILE_MB", default=DEFAULT_MAX_FILE_MB, most=5000)
    if not _BUCKET.fullmatch(bucket):
        read.problems.append("STORAGE_BUCKET must be 3 to 63 of a-z, 0-9, . and -")
    if not access_key_id and not secret:
        return None
    if not access_key_id or not secret:
        missing = "SECRET_ACCESS_KEY" if access_key_id else "ACCESS_KEY_ID"
        read.problems.append(f"STORAGE_S3_{missing} is missing")
    host = urlsplit(supabase_url).hostname or ""
    if not endpoint and host.endswith(_SUPABASE_DOMAIN):
        project = host.removesuffix(_SUPABASE_DOMAIN)
        endpoint = f"https://{project}.storage{_SUPABASE_DOMAIN}/storage/v1/s3"
    if not endpoint:
        read.problems.append("STORAGE_S3_ENDPOINT is missing")
    return StorageSettings(
        endpoint=read.url("STORAGE_S3_ENDPOINT", endpoint or "", with_path=True),
        region=region,
        access_key_id=access_key_id or "",
        secret_access_key=secret or "",
        bucket=bucket,
        max_file_bytes=max_file_mb * 1_000_000,
    )
