"""The S3 protocol as the real server speaks it, in front of moto."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree as ET

from local.storage.refusals import (
    XML_NAMESPACE,
    RefusalError,
    no_such_bucket,
    no_such_key,
    not_implemented,
    too_large,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from werkzeug.wrappers import Response

    from local.storage.buckets import Bucket, Buckets
    from local.storage.objects import Objects

_OBJECT_NAME = re.compile(r"[\w/!.*'() &$@=;:+,?-]+", re.ASCII)
_READING = frozenset({"GET", "HEAD"})
_SPACE = f"{{{XML_NAMESPACE}}}"
_XML_TYPES = ("application/xml", "text/xml")


@dataclass(frozen=True)
class S3Request:
    """A request whose signature was checked.

    Attributes:
        method: GET, PUT, …
        path: /BUCKET or /BUCKET/NAME, decoded.
        query: The parameters that do not belong to a signature.
        headers: By names in lower case.
        body: The body from its beginning.
        size: The body's size in bytes, as the server counts it.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: IO[bytes]
    size: int


class S3:
    """Answers requests.

    Args:
        buckets: All buckets.
        objects: The S3 behind the server.
        max_file_bytes: The largest single upload. Parts have no limit but the bucket's.
    """

    def __init__(self, buckets: Buckets, objects: Objects, max_file_bytes: int) -> None:
        self._buckets = buckets
        self._objects = objects
        self._max_file_bytes = max_file_bytes
        # Multipart upload -> bytes of its parts so far.
        self._part_bytes: dict[str, int] = {}

    def answer(self, request: S3Request) -> Response:
        """Answer a request.

        Raises:
            RefusalError: The request is refused.
        """
        _, bucket_id, *rest = request.path.split("/", 2)
        bucket, name = self._buckets.get(bucket_id), rest[0] if rest else ""
        is_reading = request.method in _READING
        if name and not _OBJECT_NAME.fullmatch(name):
            raise RefusalError("InvalidKey", f"Invalid key: {name}", 400)
        if bucket is None:
            raise no_such_key() if name and is_reading else no_such_bucket()
        if is_reading:
            return self._read(request)
        if not name:
            # Buckets are made by REST.
            raise not_implemented()
        return self._write(request, bucket)

    def _write(self, request: S3Request, bucket: Bucket) -> Response:
        if "uploadId" in request.query or "uploads" in request.query:
            return self._change_parts(request, bucket)
        if request.method == "PUT" and "x-amz-copy-source" in request.headers:
            return self._copy(request)
        if request.method == "PUT":
            bucket.refuse_type(request.headers.get("content-type", "application/octet-stream"))
            if request.size > min(self._max_file_bytes, bucket.file_size_limit or request.size):
                raise too_large()
        return self._change(request)

    def _read(self, request: S3Request) -> Response:
        return _as_supabase(
            request.method,
            self._objects.ask(
                request.method, request.path, headers=request.headers, query=_text(request.query)
            ),
        )

    def _change(self, request: S3Request) -> Response:
        query = _text(request.query)
        return _as_supabase(
            request.method,
            self._objects.change(
                request.method, request.path, query, request.headers, request.body
            ),
        )

    def _copy(self, request: S3Request) -> Response:
        """Copy an object. The bucket's limits and types do not apply."""
        source = request.headers["x-amz-copy-source"].removeprefix("/")
        if not self._objects.exists(f"/{source}"):
            raise no_such_key()
        # Supabase takes the source as it is; moto would decode it.
        headers = {**request.headers, "x-amz-copy-source": quote(source)}
        return self._change(replace(request, headers=headers))

    def _change_parts(self, request: S3Request, bucket: Bucket) -> Response:
        content_type = request.headers.get("content-type")
        upload = request.query.get("uploadId")
        if upload is None:
            if content_type:
                bucket.refuse_type(content_type)
            response = self._change(request)
            upload_id = ET.fromstring(response.data).findtext(f"{_SPACE}UploadId")  # noqa: S314 - moto's own
            self._part_bytes[upload_id or ""] = 0
            return response
        if upload not in self._part_bytes:
            raise RefusalError("NoSuchUpload", "Upload not found", 404)
        if request.method == "PUT":
            bytes_so_far = self._part_bytes[upload] + request.size
            if bucket.file_size_limit and bytes_so_far > bucket.file_size_limit:
                raise too_large()
            self._part_bytes[upload] = bytes_so_far
            return self._change(request)
        if (
            request.method == "POST"
            and (content_type or "").partition(";")[0].strip() not in _XML_TYPES
        ):
            # The server ignores the list and takes every part that it has.
            request = replace(request, body=io.BytesIO(self._all_parts(request)))
        response = self._change(request)
        if response.status_code < 400:  # noqa: PLR2004 - ended or aborted
            del self._part_bytes[upload]
        return response

    def _all_parts(self, request: S3Request) -> bytes:
        listed = self._objects.ask(
            "GET", request.path, query=_text({"uploadId": request.query["uploadId"]})
        )
        parts = "".join(
            f"<Part><PartNumber>{part.findtext(f'{_SPACE}PartNumber')}</PartNumber>"
            f"<ETag>{part.findtext(f'{_SPACE}ETag')}</ETag></Part>"
            for part in ET.fromstring(listed.data).iter(f"{_SPACE}Part")  # noqa: S314 - moto's own
        )
        return f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()


def _as_supabase(method: str, response: Response) -> Response:
    """Return moto's answer as Supabase would give it."""
    is_error = response.status_code >= HTTPStatus.BAD_REQUEST
    if method == "HEAD":
        # The size of an empty object is left out, and the answer to a HEAD has no body.
        response.automatically_set_content_length = False
        if is_error or response.headers.get("Content-Length") == "0":
            del response.headers["Content-Length"]
    elif is_error:
        namespace = f'<Error xmlns="{XML_NAMESPACE}">'.encode()
        response.data = response.data.replace(b"<Error>", namespace, 1)
    return response


def _text(query: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in query.items())
