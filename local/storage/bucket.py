"""moto's S3, asked within the process."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.test import Client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import IO

    from werkzeug.wrappers import Response

# moto keeps an object from whom nobody vouches for; we have judged already.
_VOUCHER = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request"
_HOST = "http://127.0.0.1"


class Bucket:
    """The one bucket, whose objects outlive the process in a folder.

    Args:
        name: What it is called.
        folder: Where objects are kept, a file each: a line of JSON, then the object.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        self._folder = folder
        self._moto = Client(create_backend_app("s3"))
        self._changing = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._ask("PUT", f"/{name}")
        for file in folder.glob("*.object"):
            self._restore(file)

    def read(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Response:
        """Ask what changes nothing."""
        return self._ask(method, path, query=query, headers=headers)

    def change(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: IO[bytes]
    ) -> Response:
        """Ask what may change an object, and keep what it then is, before anybody is told."""
        with self._changing:
            response = self._ask(method, path, query=query, headers=headers, body=body)
            if response.status_code < 400:  # noqa: PLR2004 - neither refused nor failed
                self._keep(path)
            return response

    def size(self, path: str) -> int:
        """Return how large an object is; 0 if there is none."""
        response = self._ask("HEAD", path)
        return int(response.headers.get("Content-Length", 0)) if response.status_code == 200 else 0  # noqa: PLR2004

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: IO[bytes] | bytes = b"",
    ) -> Response:
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
        response = self._ask("GET", path)
        if response.status_code != 200:  # noqa: PLR2004 - removed, or only parts of it so far
            file.unlink(missing_ok=True)
            return
        about = {"path": path, "content_type": response.headers.get("Content-Type", "")}
        unfinished = file.with_suffix(".new")
        unfinished.write_bytes(json.dumps(about).encode() + b"\n" + response.data)
        unfinished.rename(file)

    def _restore(self, file: Path) -> None:
        about, _, content = file.read_bytes().partition(b"\n")
        kept = json.loads(about)
        headers = {"Content-Type": kept["content_type"]}
        if kept["path"].startswith(f"/{self._name}/"):
            self._ask("PUT", kept["path"], headers=headers, body=content)
