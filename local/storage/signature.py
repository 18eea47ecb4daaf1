"""Judges AWS Signature Version 4, in headers and in presigned URLs, with botocore's own arithmetic.

Independent of the signer under api/, which it judges too.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.storage.refusals import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.storage.settings import Settings

MAX_SKEW = timedelta(minutes=15)
MAX_PRESIGNED_SECONDS = 7 * 24 * 3600
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{_ALGORITHM} Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{{64}})"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
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
        return "X-Amz-Signature" in self.parameters

    @property
    def parameters(self) -> dict[str, str]:
        """The query, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


def check_signature(request: Signed, settings: Settings, *, now: datetime) -> None:
    """Return if the request is signed by our key, in time and as it came.

    Raises:
        RefusalError: It is not.
    """
    if request.is_presigned:
        _check_presigned(request, settings, now)
    else:
        _check_headers(request, settings, now)


def _check_headers(request: Signed, settings: Settings, now: datetime) -> None:
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if not found:
        raise RefusalError("AccessDenied", "Access Denied")
    credential, signed_names, signature = found.groups()
    timestamp = request.headers.get("x-amz-date", "")
    _check_credential(credential, timestamp, settings)
    if abs(_moment(timestamp) - now) > MAX_SKEW:
        raise RefusalError(
            "RequestTimeTooSkewed", "The difference between the request time and now is too large."
        )
    names = signed_names.split(";")
    _check_names(request, names, needed=("host", "x-amz-date", "x-amz-content-sha256"))
    digest = request.headers["x-amz-content-sha256"]
    if digest != UNSIGNED_PAYLOAD:
        if not _SHA256.fullmatch(digest):
            raise RefusalError(
                "NotImplemented", "Not implemented here.", HTTPStatus.NOT_IMPLEMENTED
            )
        if digest != request.payload_sha256:
            raise RefusalError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                HTTPStatus.BAD_REQUEST,
            )
    auth = S3SigV4Auth(_credentials(settings), "s3", settings.region)
    _compare(auth, request, names, request.query, timestamp, signature)


def _check_presigned(request: Signed, settings: Settings, now: datetime) -> None:
    parameters = request.parameters
    try:
        credential, timestamp = parameters["X-Amz-Credential"], parameters["X-Amz-Date"]
        names = parameters["X-Amz-SignedHeaders"].split(";")
        seconds = int(parameters["X-Amz-Expires"])
        algorithm = parameters["X-Amz-Algorithm"]
    except (KeyError, ValueError):
        raise _malformed() from None
    if algorithm != _ALGORITHM or not 1 <= seconds <= MAX_PRESIGNED_SECONDS:
        raise _malformed()
    _check_credential(credential, timestamp, settings)
    signed_at = _moment(timestamp)
    if signed_at - now > MAX_SKEW:
        raise RefusalError("AccessDenied", "Request is not valid yet")
    if now > signed_at + timedelta(seconds=seconds):
        raise RefusalError("AccessDenied", "Request has expired")
    _check_names(request, names, needed=("host",))
    rest = "&".join(
        pair for pair in request.query.split("&") if not pair.startswith("X-Amz-Signature=")
    )
    auth = S3SigV4QueryAuth(_credentials(settings), "s3", settings.region)
    _compare(auth, request, names, rest, timestamp, parameters["X-Amz-Signature"])


def _check_credential(credential: str, timestamp: str, settings: Settings) -> None:
    parts = credential.split("/")
    if len(parts) != _SCOPE_PARTS:
        raise _malformed()
    access_key_id, day, region, service, end = parts
    if access_key_id != settings.access_key_id:
        raise RefusalError("InvalidAccessKeyId", "The access key does not exist in our records.")
    if (region, service, end) != (settings.region, "s3", "aws4_request") or day != timestamp[:8]:
        raise _malformed()


def _check_names(request: Signed, names: list[str], *, needed: tuple[str, ...]) -> None:
    """See that what must be signed is: every x-amz- header too, or who has a URL could add some."""
    present = [name for name in request.headers if name.startswith("x-amz-")]
    if not {*needed, *present} <= set(names):
        raise RefusalError("AccessDenied", "There were headers present which were not signed")


def _compare(  # noqa: PLR0913, PLR0917 - what a signature is made of
    auth: S3SigV4Auth,
    request: Signed,
    names: list[str],
    query: str,
    timestamp: str,
    signature: str,
) -> None:
    headers = {name: request.headers[name] for name in names if name in request.headers}
    url = f"{request.url}?{query}" if query else request.url
    judged = AWSRequest(method=request.method, url=url, headers=headers)
    judged.context["timestamp"] = timestamp
    canonical = auth.canonical_request(judged)
    expected = auth.signature(auth.string_to_sign(judged, canonical), judged)
    # A header that was signed and did not come is missing from what was computed, too.
    if len(headers) < len(names) or not hmac.compare_digest(expected, signature):
        raise RefusalError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        )


def _credentials(settings: Settings) -> Credentials:
    return Credentials(settings.access_key_id, settings.secret_access_key)


def _moment(timestamp: str) -> datetime:
    try:
        return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _malformed() from None


def _malformed() -> RefusalError:
    return RefusalError(
        "AuthorizationQueryParametersError",
        "The authorization is malformed.",
        HTTPStatus.BAD_REQUEST,
    )
