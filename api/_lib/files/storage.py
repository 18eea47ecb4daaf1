"""Supabase Storage through its S3 protocol: URLs for browsers, and what the server does itself.

Objects go in and out in pieces: no file is in memory as a whole.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.parsers import expat

import httpx

from api._lib.errors import StorageUnavailableError
from api._lib.files.readers.xml_events import Element, Listener, listen
from api._lib.files.settings import storage_settings
from api._lib.files.sigv4 import AccessKey, canonical_query, presign, sign

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.files.settings import StorageSettings

CONNECT_TIMEOUT_SECONDS = 3
READ_TIMEOUT_SECONDS = 30
CHUNK_BYTES = 64 * 1024
# S3 takes no smaller part but the last; we hold one in memory.
PART_BYTES = 8 * 1024 * 1024
MAX_LISTED = 1000

_log = logging.getLogger("purse")
logging.getLogger("httpx").setLevel(logging.WARNING)


class NoSuchObjectError(Exception):
    """There is no object of this name."""


class ObjectTooLargeError(Exception):
    """The storage takes no object of this size."""


@dataclass(frozen=True)
class Upload:
    """How to send an object without us: exactly this method, these headers and as many bytes."""

    url: str
    headers: Mapping[str, str]
    method: str = "PUT"


class Storage:
    """One bucket.

    Args:
        config: Where it is and how to get in.
    """

    def __init__(self, config: StorageSettings) -> None:
        self._bucket = config.bucket
        self._base = f"{config.endpoint}/{config.bucket}"
        self._key = AccessKey(config.access_key_id, config.secret_access_key, config.region)
        self._http = httpx.Client(
            timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            transport=httpx.HTTPTransport(retries=1),
        )

    def upload_url(self, name: str, *, size: int, content_type: str, seconds: int) -> Upload:
        """Return how a browser may put an object: of this size and type, once begun in time."""
        headers = {"content-length": str(size), "content-type": content_type}
        url = presign(
            self._key, "PUT", self._url(name), now=_now(), seconds=seconds, headers=headers
        )
        # A browser says the length itself, and lets nobody else say it.
        return Upload(url, {"Content-Type": content_type})

    def download_url(self, name: str, *, filename: str, seconds: int) -> str:
        """Return a URL that downloads an object, to be saved under a name of ours."""
        query = {"response-content-disposition": attachment(filename)}
        return presign(self._key, "GET", self._url(name), now=_now(), seconds=seconds, query=query)

    def size(self, name: str) -> int | None:
        """Return an object's size in bytes, or None if there is none."""
        try:
            response = self._send("HEAD", self._url(name))
        except NoSuchObjectError:
            return None
        return int(response.headers["content-length"])

    def read(self, name: str) -> Iterator[bytes]:
        """Yield an object piece by piece.

        Raises:
            NoSuchObjectError: There is none.
            StorageUnavailableError: The storage is away, or went away half-way.
        """
        url = self._url(name)
        headers = {**sign(self._key, "GET", url, now=_now()), "accept-encoding": "identity"}
        try:
            with self._http.stream("GET", url, headers=headers) as response:
                if response.is_error:
                    response.read()
                _check(response)
                yield from response.iter_bytes(CHUNK_BYTES)
        except httpx.HTTPError as error:
            raise _away("GET", error) from None

    def write(self, name: str, data: bytes, *, content_type: str) -> None:
        """Put an object that is small enough to be in memory."""
        self._send("PUT", self._url(name), headers={"content-type": content_type}, body=data)

    def copy(self, source: str, target: str, *, content_type: str) -> None:
        """Copy an object within the bucket, without bringing it here, as of this type.

        Raises:
            NoSuchObjectError: There is no such source.
        """
        headers = {
            "content-type": content_type,
            "x-amz-copy-source": quote(f"/{self._bucket}/{source}", safe="/-_.~"),
            "x-amz-metadata-directive": "REPLACE",
        }
        self._send("PUT", self._url(target), headers=headers)

    def delete(self, name: str) -> None:
        """Remove an object; one that is not there is removed already."""
        try:
            self._send("DELETE", self._url(name))
        except NoSuchObjectError:
            return

    def names(self, prefix: str) -> list[str]:
        """Return the names of the objects whose names begin so, at most MAX_LISTED."""
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(MAX_LISTED)}
        return _texts(self._send("GET", self._base, query=query).content, "Key")

    def is_there(self) -> bool:
        """Whether the bucket exists and our key opens it."""
        try:
            self._send("HEAD", self._base)
        except (NoSuchObjectError, StorageUnavailableError):
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # An object in parts -------------------------------------------------------------------------

    def begin_parts(self, name: str, *, content_type: str) -> str:
        """Begin an object that is sent in parts; return the upload's id."""
        headers = {"content-type": content_type}
        response = self._send("POST", self._url(name), query={"uploads": ""}, headers=headers)
        return "".join(_texts(response.content, "UploadId"))

    def send_part(self, name: str, upload_id: str, number: int, data: bytes) -> str:
        """Send a part; return the tag by which the end names it."""
        query = {"partNumber": str(number), "uploadId": upload_id}
        tag: str = self._send("PUT", self._url(name), query=query, body=data).headers["etag"]
        return tag

    def end_parts(self, name: str, upload_id: str, tags: list[str]) -> None:
        """Make one object of the parts."""
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"
            for number, tag in enumerate(tags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        query = {"uploadId": upload_id}
        response = self._send("POST", self._url(name), query=query, body=body)
        # This one call may say 200 first and find out later.
        if _texts(response.content, "Code"):
            _log.warning("storage: parts do not become an object: %s", _codes(response))
            raise StorageUnavailableError

    def drop_parts(self, name: str, upload_id: str) -> None:
        """Forget the parts. What is not dropped, Supabase forgets by itself after a day."""
        self._send("DELETE", self._url(name), query={"uploadId": upload_id})

    # --------------------------------------------------------------------------------------------

    def _url(self, name: str) -> str:
        return f"{self._base}/{quote(name, safe='/-_.~')}"

    def _send(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> httpx.Response:
        """Send a request, and return an answer that is a success.

        Raises:
            NoSuchObjectError: 404.
            ObjectTooLargeError: More than the storage takes.
            StorageUnavailableError: Anything else that is no success.
        """
        signed = sign(
            self._key, method, url, now=_now(), query=query, headers=headers, payload=body
        )
        target = f"{url}?{canonical_query(query)}" if query else url
        try:
            response = self._http.request(method, target, headers=signed, content=body)
        except httpx.HTTPError as error:
            raise _away(method, error) from None
        _check(response)
        return response


@cache
def storage() -> Storage:
    """Return this process's storage, shared by its threads.

    Raises:
        NotConfiguredError: This deployment has no storage.
    """
    return Storage(storage_settings())


def attachment(filename: str) -> str:
    """Return a Content-Disposition that saves under this name, whatever letters it has."""
    ascii_name = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\%' else "_"
        for char in filename
    )
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    if response.status_code == HTTPStatus.NOT_FOUND:
        raise NoSuchObjectError
    codes = _codes(response)
    if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or "EntityTooLarge" in codes:
        raise ObjectTooLargeError
    _log.warning("storage: %s %s", response.status_code, " ".join(codes))
    raise StorageUnavailableError


def _away(method: str, error: httpx.HTTPError) -> StorageUnavailableError:
    _log.warning("storage: %s: %s", method, type(error).__name__)
    return StorageUnavailableError()


def _codes(response: httpx.Response) -> list[str]:
    return _texts(response.content, "Code")


class _Texts(Listener):
    """Collects the texts of the elements of one name."""

    def __init__(self, name: str) -> None:
        self.found: list[str] = []
        self._name = name
        self._within = False

    def start(self, element: Element) -> None:
        self._within = element.name == self._name
        if self._within:
            self.found.append("")

    def end(self, name: str) -> None:  # noqa: ARG002 - whichever it is, the text is over
        self._within = False

    def characters(self, text: str) -> None:
        if self._within:
            self.found[-1] += text


def _texts(xml: bytes, name: str) -> list[str]:
    """Return the texts of the elements of a name; none if this is not XML."""
    listener = _Texts(name)
    try:
        listen([xml], listener)
    except expat.ExpatError:
        return []
    return listener.found


def _now() -> datetime:
    return datetime.now(UTC)
