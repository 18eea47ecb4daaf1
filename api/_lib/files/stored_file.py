"""What the database says of a file: its row, its downloads, and the lease of a worker. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

# Longer than maxDuration in vercel.json: a worker that still holds an older lease is dead.
LEASE_SECONDS = 330


@dataclass(frozen=True)
class Download:
    """An object of a file that its owner can download.

    Attributes:
        name: The last part of the object's name in the storage.
        content_type: Its type.
        size: Its size in bytes.
    """

    name: str
    content_type: str
    size: int


@dataclass(frozen=True)
class StoredFile:
    """A file's row.

    Attributes:
        id: The file's id.
        user_id: The owner.
        feature: The feature that the owner pays for.
        filename: The name on the owner's disk.
        size: Size in bytes: as announced for an upload, as written for an export.
        content_type: The type that the file is stored as.
        status: awaiting_upload, processing, done, failed or expired.
        credits: How many credits are held, or were spent.
        created_at: RFC 3339, UTC.
        completed_at: RFC 3339, UTC; None while the status is not done or failed.
        expires_at: When the hold lapses, RFC 3339, UTC.
        error: `{code, message}` of a failed file.
        transaction_id: The ledger row of the spend, if there is one.
        summary: What processing found out, once the file is done.
        downloads: What the owner can download.
    """

    id: str
    user_id: str
    feature: str
    filename: str
    size: int
    content_type: str
    status: str
    credits: int
    created_at: str
    completed_at: str | None
    expires_at: str
    error: Mapping[str, str] | None
    transaction_id: str | None
    summary: Mapping[str, Any] | None
    downloads: tuple[Download, ...]

    @classmethod
    def from_json(cls, user_id: str, row: Mapping[str, Any]) -> Self:
        """Make it from the JSON of the Postgres function file_json."""
        return cls(
            id=row["id"],
            user_id=user_id,
            feature=row["feature"],
            filename=row["filename"],
            size=row["size"],
            content_type=row["content_type"],
            status=row["status"],
            credits=row["credits"],
            created_at=row["created_at"],
            completed_at=row["completed_at"],
            expires_at=row["expires_at"],
            error=row["error"],
            transaction_id=row["transaction_id"],
            summary=row["summary"],
            downloads=tuple(Download(**result) for result in row["results"]),
        )

    def object_name(self, name: str) -> str:
        """Return the name of one of the file's objects in the storage."""
        return object_name(self.user_id, self.id, name)


@dataclass(frozen=True)
class ProcessedFile:
    """A file that is done or failed, and the owner's balance in credits."""

    file: StoredFile
    balance: int


@dataclass(frozen=True)
class Lease:
    """The right to process a file for LEASE_SECONDS. One worker at a time has it.

    Attributes:
        file: The file.
        number: How often the file has been leased. A worker with an earlier number lost its lease.
        sources: The files that an export is made of; empty for an upload.
    """

    file: StoredFile
    number: int
    sources: tuple[StoredFile, ...]


def object_name(user_id: str, file_id: str, name: str) -> str:
    """Return the name of an object in the storage.

    It begins with the owner's id, so a request can never name an object of somebody else.
    """
    return f"{user_id}/{file_id}/{name}"
