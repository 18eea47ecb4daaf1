"""Requests to the storage that our client does not send."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from api._lib.files.s3 import access_key, bucket_url, object_url
from api._lib.files.sigv4 import canonical_query, presign, sign
from tests import plain_http

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import httpx

    from api._lib.files.settings import StorageSettings

TEXT = "text/plain"


def a_name() -> str:
    """Return the name of an object that no other test has."""
    return f"tests/{secrets.token_hex(8)}/source"


def code(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the code of S3's answer."""
    return response.status_code, response.text.partition("<Code>")[2].partition("</Code>")[0]


def signed(  # noqa: PLR0913 - a request has as many parts
    config: StorageSettings,
    method: str,
    name: str = "",
    *,
    body: bytes = b"",
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    unsigned: Mapping[str, str] | None = None,
    at: datetime | None = None,
    url: str = "",
    payload: bytes | None = None,
) -> httpx.Response:
    """Send a request signed in its headers, with further headers that are not signed.

    The payload is the body that is signed, if it is not the one that is sent.
    """
    url = url or (object_url(config, name) if name else bucket_url(config))
    now = at or datetime.now(UTC)
    sent = sign(
        access_key(config),
        method,
        url,
        now=now,
        query=query,
        headers=headers,
        payload=body if payload is None else payload,
    )
    target = f"{url}?{canonical_query(query)}" if query else url
    return plain_http.request(method, target, content=body, headers={**sent, **(unsigned or {})})


def presigned(
    config: StorageSettings,
    method: str,
    name: str,
    *,
    at: datetime | None = None,
    absent: Iterable[str] = (),
) -> str:
    """Return a URL for a minute that signs nothing but the host."""
    now = at or datetime.now(UTC)
    url = object_url(config, name)
    return presign(access_key(config), method, url, now=now, seconds=60, absent=absent)


def aws_client(config: StorageSettings) -> Any:
    """Return AWS's own client."""
    return boto3.client(
        "s3",
        endpoint_url=config.endpoint,
        region_name=config.region,
        aws_access_key_id=config.access_key_id,
        aws_secret_access_key=config.secret_access_key,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
        ),
    )
