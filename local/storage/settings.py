"""The stand-in's settings, from its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Settings:
    """The stand-in's settings.

    Attributes:
        endpoint: The S3 protocol's address.
        region: The region that signatures name.
        access_key_id: The S3 access key.
        secret_access_key: The access key's secret.
        bucket: Exists from the start if there is no service key, because nobody could make it.
        max_file_bytes: The largest single upload, and the largest limit that a bucket may have.
        folder: Keeps buckets and objects.
        service_key: Opens the REST routes.
        allowed_origin: Access-Control-Allow-Origin of every answer; empty: no CORS at all.
    """

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str
    bucket: str
    max_file_bytes: int
    folder: Path
    service_key: str
    allowed_origin: str

    @property
    def s3_path(self) -> str:
        """The S3 protocol's path."""
        return urlsplit(self.endpoint).path

    @property
    def rest_path(self) -> str:
        """The REST routes' path."""
        return self.s3_path.removesuffix("/s3")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """Read the variables; a missing one is a KeyError that names it."""
        return cls(
            endpoint=environ["STORAGE_S3_ENDPOINT"],
            region=environ["STORAGE_S3_REGION"],
            access_key_id=environ["STORAGE_S3_ACCESS_KEY_ID"],
            secret_access_key=environ["STORAGE_S3_SECRET_ACCESS_KEY"],
            bucket=environ["STORAGE_BUCKET"],
            max_file_bytes=int(environ["STORAGE_MAX_FILE_MB"]) * 1_000_000,
            folder=Path(environ["PURSE_LOCAL_STATE"]) / "storage",
            service_key=environ.get("SUPABASE_SECRET_KEY", ""),
            allowed_origin=environ.get("PURSE_LOCAL_STORAGE_CORS", "*"),
        )
