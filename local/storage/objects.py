"""The S3 behind the server: moto, asked within the process, with its objects kept on disk."""

from __future__ import annotations

import hashlib
import json
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import Client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import IO

    from werkzeug.wrappers import Response

# moto keeps every object of a request with a signature; the stand-in has checked it already.
_VOUCHER = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request"
_HOST = "http://127.0.0.1"
_KEPT_HEADERS = ("Content-Type", "Content-Encoding")


class Objects:
    """The objects of all buckets. A path is /BUCKET/NAME.

    Args:
        folder: Keeps the objects, a file each: a line of JSON, then the object.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._moto = Client(create_backend_app("s3"))
        self._changing = threading.Lock()

    def add_bucket(self, bucket: str) -> None:
        """Make a bucket, with the objects that the folder has of it."""
        self.ask("PUT", f"/{bucket}")
        for file in self._folder.glob("*.object"):
            about, _, content = file.read_bytes().partition(b"\n")
            kept = json.loads(about)
            if kept["path"].startswith(f"/{bucket}/"):
                self.ask("PUT", kept["path"], headers=kept["headers"], body=content)

    def change(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: IO[bytes]
    ) -> Response:
        """Send a request that can change an object. Returns after the object is on disk."""
        with self._changing:
            response = self.ask(method, path, query=query, headers=headers, body=body)
            if response.status_code < 400:  # noqa: PLR2004 - neither refused nor failed
                self._keep(path)
            return response

    def exists(self, path: str) -> bool:
        """Whether there is an object."""
        return self.ask("HEAD", path).status_code == HTTPStatus.OK

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes = b"",
    ) -> Response:
        """Send a request to moto."""
        sent = {**(headers or {}), "Authorization": _VOUCHER}
        return self._moto.open(
            quote(path, safe="/-_.~"),
            method=method,
            base_url=_HOST,
            query_string=query,
            headers=sent,
            input_stream=body if not isinstance(body, bytes) else None,
            data=body if isinstance(body, bytes) else None,
            buffered=True,
        )

    def _file(self, path: str) -> Path:
        return self._folder / f"{hashlib.sha256(path.encode()).hexdigest()}.object"

    def _keep(self, path: str) -> None:
        file = self._file(path)
        response = self.ask("GET", path)
        if response.status_code != 200:  # noqa: PLR2004 - deleted, or an unfinished multipart upload
            file.unlink(missing_ok=True)
            return
        headers = {n: response.headers[n] for n in _KEPT_HEADERS if n in response.headers}
        about = {"path": path, "headers": headers}
        unfinished = file.with_suffix(".new")
        unfinished.write_bytes(json.dumps(about).encode() + b"\n" + response.data)
        unfinished.rename(file)
