"""What the stand-in is told by its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Settings:
    """Where it is, whose key opens it, and what it keeps where."""

    endpoint: str
    region: str
    access_key_id: str
    secret_access_key: str
    bucket: str
    max_file_bytes: int
    folder: Path

    @property
    def prefix(self) -> str:
        """The path before bucket and object."""
        return urlsplit(self.endpoint).path

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
        )
