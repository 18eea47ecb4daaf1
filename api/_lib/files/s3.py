"""Requests to Supabase Storage over the S3 protocol: signed, sent, and their refusals as errors."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING
from xml.parsers import expat

import httpx

from api._lib.errors import StorageUnavailableError
from api._lib.files.readers.xml_events import Listener, listen
from api._lib.files.sigv4 import AccessKey, canonical_query, sign
from api._lib.request_log import STORAGE, Measuring

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.files.settings import StorageSettings

CONNECT_TIMEOUT_SECONDS = 3
# For each read or write, so a storage that goes on sending may take longer in total.
READ_TIMEOUT_SECONDS = 10

# Supabase refuses most other characters in names, and does not decode the source of a copy. With
# these a name looks the same quoted and unquoted.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._/-]+", re.ASCII)

_log = logging.getLogger("purse")
logging.getLogger("httpx").setLevel(logging.WARNING)


class NoSuchObjectError(Exception):
    """The bucket has no object of this name."""


class ObjectTooLargeError(Exception):
    """The storage does not accept an object of this size."""


class S3Bucket:
    """Sends signed requests to one bucket.

    Args:
        config: The bucket's address and access key.
    """

    def __init__(self, config: StorageSettings) -> None:
        self._config = config
        self._key = access_key(config)
        self._http = httpx.Client(
            timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            transport=httpx.HTTPTransport(retries=1),
        )

    def exists(self) -> bool:
        """Whether the bucket exists.

        Raises:
            StorageUnavailableError: The storage is away or refuses our key.
        """
        with self._sent("HEAD", "") as response:
            if response.status_code == HTTPStatus.NOT_FOUND:
                return False
            if response.is_success:
                return True
            raise _unavailable(str(response.status_code))

    def send(
        self,
        method: str,
        name: str = "",
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> httpx.Response:
        """Send a request about an object, or about the bucket if no name is given.

        Returns:
            A successful response with its content.

        Raises:
            NoSuchObjectError: The bucket exists, the object does not.
            ObjectTooLargeError: The storage does not accept an object of this size.
            StorageUnavailableError: Any other failure, such as a bucket that does not exist.
        """
        with self._sent(method, name, query=query, headers=headers, body=body) as response:
            with Measuring(STORAGE):
                response.read()
            self._check(response)
            return response

    @contextmanager
    def stream(self, name: str) -> Iterator[httpx.Response]:
        """Begin to read an object; its content has not been read yet.

        Raises:
            NoSuchObjectError: The bucket exists, the object does not.
            StorageUnavailableError: The storage is away, or the connection broke.
        """
        with self._sent("GET", name, headers={"accept-encoding": "identity"}) as response:
            if response.is_error:
                response.read()
                self._check(response)
            yield response

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @contextmanager
    def _sent(
        self,
        method: str,
        name: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Iterator[httpx.Response]:
        url = object_url(self._config, name) if name else bucket_url(self._config)
        signed = sign(
            self._key,
            method,
            url,
            now=datetime.now(UTC),
            query=query,
            headers=headers,
            payload=body,
        )
        target = f"{url}?{canonical_query(query)}" if query else url
        request = self._http.build_request(method, target, headers=signed, content=body)
        try:
            with Measuring(STORAGE):
                response = self._http.send(request, stream=True)
            try:
                yield response
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise _unavailable(method, type(error).__name__) from None

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        codes = texts(response.content, "Code")
        if response.status_code == HTTPStatus.NOT_FOUND:
            # The answer to a HEAD has no body. To a GET, Supabase says NoSuchKey even if the bucket
            # is missing. A 404 with another code or none is not about the object.
            is_about_object = response.request.method == "HEAD" or codes == ["NoSuchKey"]
            if is_about_object and self.exists():
                raise NoSuchObjectError
        if response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or "EntityTooLarge" in codes:
            raise ObjectTooLargeError
        raise _unavailable(str(response.status_code), *codes)


def access_key(config: StorageSettings) -> AccessKey:
    """Return the key that signs requests to the storage."""
    return AccessKey(config.access_key_id, config.secret_access_key, config.region)


def bucket_url(config: StorageSettings) -> str:
    """Return the bucket's URL."""
    return f"{config.endpoint}/{config.bucket}"


def object_url(config: StorageSettings, name: str) -> str:
    """Return an object's URL.

    Raises:
        ValueError: The name has other characters than A-Z, a-z, 0-9 and . _ / -
    """
    if not _PLAIN_NAME.fullmatch(name):
        message = f"not a plain object name: {name!r}"
        raise ValueError(message)
    return f"{bucket_url(config)}/{name}"


def texts(xml: bytes, name: str) -> list[str]:
    """Return the texts of all elements with this name; none if this is not XML."""
    listener = _Texts(name)
    try:
        listen([xml], listener)
    except expat.ExpatError:
        return []
    return listener.found


class _Texts(Listener):
    """Collects the texts of the elements of one name."""

    def __init__(self, name: str) -> None:
        self.found: list[str] = []
        self._name = name
        self._within = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - a Listener
        self._within = name == self._name
        if self._within:
            self.found.append("")

    def end(self, name: str) -> None:  # noqa: ARG002 - any end tag ends the text
        self._within = False

    def characters(self, text: str) -> None:
        if self._within:
            self.found[-1] += text


def _unavailable(*reasons: str) -> StorageUnavailableError:
    _log.warning("storage: %s", " ".join(reasons))
    return StorageUnavailableError()
