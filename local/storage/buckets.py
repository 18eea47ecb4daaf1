"""Buckets by REST: POST /bucket, GET /bucket, GET /bucket/{id}, with the project's service key."""

from __future__ import annotations

import hmac
import json
import re
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from local.storage.refusals import RefusalError, no_such_bucket, no_such_route, too_large

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from local.storage.objects import Objects
    from local.storage.settings import Settings

_NAME = re.compile(r"[\w!.*'() &$@=;:+,?-]{1,100}", re.ASCII)


@dataclass(frozen=True)
class Bucket:
    """A bucket, as REST describes it."""

    id: str
    name: str
    public: bool
    file_size_limit: int | None
    allowed_mime_types: list[str] | None
    created_at: str
    updated_at: str
    owner: str = ""

    def refuse_type(self, content_type: str) -> None:
        """Return if the bucket accepts this content type. Types are compared as text.

        Raises:
            RefusalError: It does not.
        """
        if "/" not in content_type:
            raise RefusalError("InvalidMimeType", "Invalid Content-Type header", 415)
        kind = content_type.partition("/")[0]
        allowed = self.allowed_mime_types
        if allowed and not {content_type, f"{kind}/*"} & set(allowed):
            message = f"mime type {content_type} is not supported"
            raise RefusalError("InvalidMimeType", message, 415)


class Buckets:
    """All buckets, kept in a file.

    Args:
        settings: Where, and the service key.
        objects: The S3 behind the server.
    """

    def __init__(self, settings: Settings, objects: Objects) -> None:
        self._settings = settings
        self._objects = objects
        self._making = threading.Lock()
        self._file = settings.folder / "buckets.json"
        kept = json.loads(self._file.read_text("utf-8")) if self._file.exists() else []
        self._buckets = {entry["id"]: Bucket(**entry) for entry in kept}
        if not settings.service_key and settings.bucket not in self._buckets:
            self._add({"name": settings.bucket})
        for bucket in self._buckets:
            objects.add_bucket(bucket)

    def get(self, bucket: str) -> Bucket | None:
        """Return a bucket, or None if it does not exist."""
        return self._buckets.get(bucket)

    def answer(self, request: Request, path: str) -> Response:
        """Answer a request to a path after /storage/v1."""
        try:
            self._check_key(request)
            if (request.method, path) == ("POST", "/bucket"):
                return self._make(request.get_json(force=True))
            if (request.method, path) == ("GET", "/bucket"):
                return _json([asdict(bucket) for bucket in self._buckets.values()])
            if request.method == "GET" and path.startswith("/bucket/"):
                found = self.get(path.removeprefix("/bucket/"))
                if found is None:
                    raise no_such_bucket()
                return _json(asdict(found))
        except RefusalError as error:
            return error.as_json()
        return no_such_route(request.method, request.path)

    def _check_key(self, request: Request) -> None:
        presented = request.headers.get("Authorization")
        if presented is None:
            message = "headers must have required property 'authorization'"
            raise RefusalError("InvalidRequest", message, 400, "Error")
        expected = self._settings.service_key
        key = presented.removeprefix("Bearer ")
        if not expected or not hmac.compare_digest(key.encode(), expected.encode()):
            raise RefusalError("AccessDenied", "Invalid Compact JWS", 403, "Unauthorized")

    def _make(self, wanted: dict[str, Any]) -> Response:
        if not _NAME.fullmatch(wanted["name"]):
            raise RefusalError("InvalidBucketName", "Bucket name invalid", 400, "Invalid Input")
        if (wanted.get("file_size_limit") or 0) > self._settings.max_file_bytes:
            raise too_large()
        with self._making:
            if wanted.get("id", wanted["name"]) in self._buckets:
                message = "The resource already exists"
                raise RefusalError("BucketAlreadyExists", message, 409, "Duplicate")
            self._objects.add_bucket(self._add(wanted))
        return _json({"name": wanted["name"]})

    def _add(self, wanted: dict[str, Any]) -> str:
        now = datetime.now(UTC).isoformat()
        bucket = Bucket(
            id=wanted.get("id", wanted["name"]),
            name=wanted["name"],
            public=wanted.get("public", False),
            file_size_limit=wanted.get("file_size_limit"),
            allowed_mime_types=wanted.get("allowed_mime_types"),
            created_at=now,
            updated_at=now,
        )
        self._buckets[bucket.id] = bucket
        unfinished = self._file.with_suffix(".new")
        unfinished.write_text(
            json.dumps([asdict(entry) for entry in self._buckets.values()]), "utf-8"
        )
        unfinished.rename(self._file)
        return bucket.id


def _json(value: Any) -> Response:
    return Response(json.dumps(value), content_type="application/json; charset=utf-8")
