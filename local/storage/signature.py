"""Checks AWS Signature Version 4, in headers and in presigned URLs, with botocore's arithmetic.

It has no line in common with the signer under api/. As at the real server, a header that was not
signed is obeyed all the same, and one that was listed without a value must be absent.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.storage.refusals import RefusalError, not_implemented

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.storage.settings import Settings

MAX_SKEW = timedelta(minutes=15)
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{{64}})"
)
_SCOPE_PARTS = 5


@dataclass(frozen=True)
class Signed:
    """A request as it came: its URL with the raw query, and its headers by names in lower case."""

    method: str
    url: str
    query: str
    headers: Mapping[str, str]
    payload_sha256: str

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the URL."""
        return "X-Amz-Credential" in self.parameters

    @property
    def parameters(self) -> dict[str, str]:
        """The query, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True)
class _Signature:
    credential: str
    names: Sequence[str]
    signature: str
    timestamp: str
    payload: str


class _Judge(S3SigV4QueryAuth):  # type: ignore[misc]  # botocore has no types
    """botocore's arithmetic, with the names and the payload that the signature is about."""

    def __init__(self, settings: Settings, region: str, signature: _Signature) -> None:
        credentials = Credentials(settings.access_key_id, settings.secret_access_key)
        super().__init__(credentials, "s3", region)
        self._signature = signature

    def signed_headers(self, _headers_to_sign: object) -> str:
        return ";".join(sorted(self._signature.names))

    def payload(self, _request: object) -> str:
        return self._signature.payload


def check_signature(request: Signed, settings: Settings, *, now: datetime) -> None:
    """Return if our key signed the request for this time.

    Raises:
        RefusalError: It did not.
    """
    if request.headers.get("authorization", "").startswith(f"{_ALGORITHM} "):
        _check_headers(request, settings, now)
    elif request.is_presigned:
        _check_presigned(request, settings, now)
    else:
        raise RefusalError("AccessDenied", "Missing signature")
    if request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-AWS4"):
        # The server would check the signature of every chunk.
        raise not_implemented()


def _check_headers(request: Signed, settings: Settings, now: datetime) -> None:
    found = _AUTHORIZATION.fullmatch(request.headers["authorization"])
    timestamp = request.headers.get("x-amz-date", "")
    if not found or not timestamp:
        raise _malformed()
    digest = request.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
    credential, names, signature = found.groups()
    signed = _Signature(credential, names.split(";"), signature, timestamp, digest)
    _check(request, request.query, signed, settings)
    # Stricter than the real server, which looks at neither the time nor the body.
    if abs(_moment(timestamp) - now) > MAX_SKEW:
        raise RefusalError(
            "RequestTimeTooSkewed", "The difference between the request time and now is too large."
        )
    if digest not in {UNSIGNED_PAYLOAD, request.payload_sha256}:
        raise RefusalError(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            400,
        )


def _check_presigned(request: Signed, settings: Settings, now: datetime) -> None:
    parameters = request.parameters
    try:
        signed = _Signature(
            parameters["X-Amz-Credential"],
            parameters["X-Amz-SignedHeaders"].split(";"),
            parameters["X-Amz-Signature"],
            parameters["X-Amz-Date"],
            parameters.get("X-Amz-Content-Sha256", UNSIGNED_PAYLOAD),
        )
        seconds = int(parameters.get("X-Amz-Expires", 10**9))
    except (KeyError, ValueError):
        raise _malformed() from None
    signed_at = _moment(signed.timestamp)
    if now > signed_at + timedelta(seconds=seconds):
        raise RefusalError("ExpiredToken", "The provided token has expired.", 400)
    # Stricter than the real server.
    if signed_at - now > MAX_SKEW:
        raise RefusalError("RequestTimeTooSkewed", "The URL is not valid yet.")
    query = "&".join(
        pair for pair in request.query.split("&") if not pair.startswith("X-Amz-Signature=")
    )
    _check(request, query, signed, settings)


def _check(request: Signed, query: str, signed: _Signature, settings: Settings) -> None:
    parts = signed.credential.split("/")
    if len(parts) != _SCOPE_PARTS or parts[1] != signed.timestamp[:8]:
        raise _malformed()
    access_key_id, _, region, service, _ = parts
    if access_key_id != settings.access_key_id:
        raise RefusalError("InvalidAccessKeyId", "The access key does not exist in our records.")
    if service != "s3":
        raise RefusalError("AccessDenied", "Invalid Service")
    # These regions are accepted beside the server's own.
    judge = _Judge(settings, region if region in {"auto", "us-east-1"} else settings.region, signed)
    headers = {name: request.headers[name] for name in signed.names if name in request.headers}
    url = f"{request.url}?{query}" if query else request.url
    judged = AWSRequest(method=request.method, url=url, headers=headers)
    judged.context["timestamp"] = signed.timestamp
    # botocore would prefer this header to payload(), which returns the same.
    expected = judge.signature(
        judge.string_to_sign(judged, judge.canonical_request(judged)), judged
    )
    if not hmac.compare_digest(expected, signed.signature):
        raise RefusalError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        )


def _moment(timestamp: str) -> datetime:
    try:
        return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _malformed() from None


def _malformed() -> RefusalError:
    return RefusalError("InvalidSignature", "Invalid signature format", 400)
