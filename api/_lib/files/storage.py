"""The objects in our bucket: read, written, copied, listed, deleted.

Large objects go in and out in pieces, so that no file is in memory as a whole. Browsers upload and
download through signed_urls.py; bucket.py makes the bucket.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from api._lib.errors import StorageUnavailableError
from api._lib.files.s3 import NoSuchObjectError, S3Bucket, texts
from api._lib.files.settings import storage_settings
from api._lib.request_log import STORAGE, Measuring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api._lib.files.settings import StorageSettings

CHUNK_BYTES = 64 * 1024
# The smallest part that S3 accepts is 5 MiB, except for the last. We hold one part in memory.
PART_BYTES = 8 * 1024 * 1024
MAX_LISTED = 1000

_log = logging.getLogger("purse")


class Storage:
    """One bucket. Every method raises StorageUnavailableError if the storage is away.

    Args:
        config: The bucket's address and access key.
    """

    def __init__(self, config: StorageSettings) -> None:
        self._bucket = config.bucket
        self._s3 = S3Bucket(config)

    def has_bucket(self) -> bool:
        """Whether the bucket exists."""
        return self._s3.exists()

    def size(self, name: str) -> int | None:
        """Return an object's size in bytes, or None if there is no such object."""
        try:
            response = self._s3.send("HEAD", name)
        except NoSuchObjectError:
            return None
        # For an empty object Supabase leaves the header out.
        return int(response.headers.get("content-length", 0))

    def read(self, name: str) -> Iterator[bytes]:
        """Yield an object's bytes as they are stored, piece by piece.

        Raises:
            NoSuchObjectError: There is no such object.
        """
        with self._s3.stream(name) as response:
            # Raw: the client must not inflate an object that was stored with Content-Encoding.
            pieces = response.iter_raw(CHUNK_BYTES)
            while True:
                with Measuring(STORAGE):
                    piece = next(pieces, None)
                if piece is None:
                    return
                yield piece

    def write(self, name: str, data: bytes, *, content_type: str) -> None:
        """Store an object that is small enough to be in memory.

        Raises:
            ObjectTooLargeError: The storage does not accept an object of this size.
        """
        self._s3.send("PUT", name, headers={"content-type": content_type}, body=data)

    def copy(self, source: str, target: str, *, content_type: str) -> None:
        """Copy an object within the bucket. Of its metadata only this content type is kept.

        Raises:
            NoSuchObjectError: There is no such source.
        """
        headers = {
            "content-type": content_type,
            "x-amz-copy-source": f"/{self._bucket}/{source}",
            "x-amz-metadata-directive": "REPLACE",
        }
        self._s3.send("PUT", target, headers=headers)

    def delete(self, name: str) -> None:
        """Delete an object, if it exists."""
        try:
            self._s3.send("DELETE", name)
        except NoSuchObjectError:
            return

    def names(self, prefix: str) -> list[str]:
        """Return the names of the objects that begin with this prefix, at most MAX_LISTED."""
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(MAX_LISTED)}
        return texts(self._s3.send("GET", query=query).content, "Key")

    def close(self) -> None:
        """Close the connections."""
        self._s3.close()

    # Multipart uploads ---------------------------------------------------------------------------

    def begin_parts(self, name: str, *, content_type: str) -> str:
        """Begin a multipart upload; return its id."""
        headers = {"content-type": content_type}
        response = self._s3.send("POST", name, query={"uploads": ""}, headers=headers)
        return "".join(texts(response.content, "UploadId"))

    def send_part(self, name: str, upload_id: str, number: int, data: bytes) -> str:
        """Upload a part, counted from 1; return its ETag, which end_parts() needs.

        Raises:
            ObjectTooLargeError: The object would become larger than the storage accepts.
        """
        query = {"partNumber": str(number), "uploadId": upload_id}
        tag: str = self._s3.send("PUT", name, query=query, body=data).headers["etag"]
        return tag

    def end_parts(self, name: str, upload_id: str, tags: list[str]) -> None:
        """Make one object of the parts with these ETags, in order."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
            for number, tag in enumerate(tags, 1)
        )
        response = self._s3.send(
            "POST",
            name,
            query={"uploadId": upload_id},
            # With another content type Supabase ignores the list and takes every part it has.
            headers={"content-type": "application/xml"},
            body=f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode(),
        )
        # S3 may answer 200 before the work is done, and report a failure in the body.
        if codes := texts(response.content, "Code"):
            _log.warning("storage: the multipart upload failed: %s", " ".join(codes))
            raise StorageUnavailableError

    def drop_parts(self, name: str, upload_id: str) -> None:
        """Abort a multipart upload. Supabase itself discards those that nobody ends or aborts."""
        self._s3.send("DELETE", name, query={"uploadId": upload_id})


@cache
def storage() -> Storage:
    """Return this process's storage, shared by its threads.

    Raises:
        NotConfiguredError: This deployment has no storage.
    """
    return Storage(storage_settings())
