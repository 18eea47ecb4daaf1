"""AWS Signature Version 4 for S3, which Supabase Storage speaks. Pure: the time is an argument.

The rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
docs/decisions/0004-storage-client.md says why this is our own code.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_PRESIGNED_SECONDS = 7 * 24 * 3600

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"


@dataclass(frozen=True, repr=False)
class AccessKey:
    """An S3 access key and the region it signs for. Never printed: it holds a secret."""

    access_key_id: str
    secret: str
    region: str

    def scope(self, now: datetime) -> str:
        """Return the credential scope, which limits a signature to a day, a region and S3."""
        return f"{now:%Y%m%d}/{self.region}/{_SERVICE}/aws4_request"

    def signature(self, now: datetime, canonical_request: str) -> str:
        """Sign a canonical request."""
        digest = hashlib.sha256(canonical_request.encode()).hexdigest()
        text = f"{_ALGORITHM}\n{_timestamp(now)}\n{self.scope(now)}\n{digest}"
        key = f"AWS4{self.secret}".encode()
        for part in self.scope(now).split("/"):
            key = _hmac(key, part)
        return _hmac(key, text).hex()


def sign(  # noqa: PLR0913 - a request has as many parts
    key: AccessKey,
    method: str,
    url: str,
    *,
    now: datetime,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    payload: bytes | None = b"",
) -> dict[str, str]:
    """Return the headers to send with a request: those given, and those that sign it.

    Args:
        key: The access key that signs.
        method: GET, PUT, …
        url: Without a query, its path quoted as it is sent.
        now: UTC.
        query: The query's parameters.
        headers: Headers to sign and send; names in lower case.
        payload: The body; None leaves it out of the signature.
    """
    digest = UNSIGNED_PAYLOAD if payload is None else hashlib.sha256(payload).hexdigest()
    signed = {
        **(headers or {}),
        "host": urlsplit(url).netloc,
        "x-amz-content-sha256": digest,
        "x-amz-date": _timestamp(now),
    }
    names = _names(signed)
    canonical = _canonical(method, url, query or {}, signed, names, digest)
    authorization = (
        f"{_ALGORITHM} Credential={key.access_key_id}/{key.scope(now)},"
        f"SignedHeaders={names},Signature={key.signature(now, canonical)}"
    )
    return {**signed, "authorization": authorization}


def presign(  # noqa: PLR0913 - a request has as many parts
    key: AccessKey,
    method: str,
    url: str,
    *,
    now: datetime,
    seconds: int,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    absent: Iterable[str] = (),
) -> str:
    """Return a URL that anybody may use for a while, for exactly this request.

    Args:
        key: The access key that signs.
        method: The one method that the URL allows.
        url: Without a query, its path quoted as it is sent.
        now: UTC.
        seconds: How long the URL is valid, at most MAX_PRESIGNED_SECONDS.
        query: Further parameters; they are signed too.
        headers: Headers that must be sent with these values; names in lower case.
        absent: Headers that must not be sent, by names in lower case. The server computes the
            signature over the headers that come, so one of these would change it.
    """
    signed = {**(headers or {}), "host": urlsplit(url).netloc}
    names = _names({*signed, *absent})
    parameters = {
        **(query or {}),
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{key.access_key_id}/{key.scope(now)}",
        "X-Amz-Date": _timestamp(now),
        "X-Amz-Expires": str(min(seconds, MAX_PRESIGNED_SECONDS)),
        "X-Amz-SignedHeaders": names,
    }
    canonical = _canonical(method, url, parameters, signed, names, UNSIGNED_PAYLOAD)
    signature = key.signature(now, canonical)
    return f"{url}?{canonical_query(parameters)}&X-Amz-Signature={signature}"


def canonical_query(query: Mapping[str, str]) -> str:
    """Return a query as it is signed and sent: sorted, quoted by RFC 3986."""
    pairs = sorted((_quote(name), _quote(value)) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical(  # noqa: PLR0913, PLR0917 - a request has as many parts
    method: str,
    url: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    names: str,
    digest: str,
) -> str:
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
    path = urlsplit(url).path or "/"
    return "\n".join([method, path, canonical_query(query), lines, names, digest])


def _names(headers: Iterable[str]) -> str:
    return ";".join(sorted(headers))


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")


def _timestamp(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%SZ}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
