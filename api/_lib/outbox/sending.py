"""Send one event to one endpoint: one POST, bounded in time, without redirects."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

import httpx

from api._lib.outbox.addresses import AddressError, public_address
from api._lib.outbox.signing import signed_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.outbox.settings import Endpoint

# For the whole attempt: name, connection, answer. Standard Webhooks advises 15 to 30 s; ours is
# shorter, because a function on Vercel pays for the wait.
ATTEMPT_SECONDS = 10
MAX_RETRY_AFTER = 6 * 60 * 60

Result = Literal["delivered", "failed", "given_up", "not_tried"]


@dataclass(frozen=True)
class Attempt:
    """How an attempt ended.

    Attributes:
        result: As settle_deliveries takes it.
        outcome: An HTTP status, or a word such as timeout.
        retry_seconds: How long the receiver asked to be left alone.
    """

    result: Result
    outcome: str
    retry_seconds: int = 0


def body_of(delivery: Mapping[str, Any]) -> bytes:
    """Return the JSON that is sent: type, timestamp (UTC) and data."""
    message = {name: delivery[name] for name in ("type", "timestamp", "data")}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


async def send(
    client: httpx.AsyncClient, endpoint: Endpoint, delivery: Mapping[str, Any], seconds: float
) -> Attempt:
    """Post an event, for so many seconds at most.

    Never raises for what the receiver or the network does.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _post(client, endpoint, delivery)
    except TimeoutError:
        return Attempt("failed", "timeout")
    except AddressError as error:
        return Attempt("failed", str(error))
    except httpx.TimeoutException:
        return Attempt("failed", "timeout")
    except httpx.ConnectError:
        return Attempt("failed", "no_connection")
    except httpx.HTTPError:
        return Attempt("failed", "no_answer")


async def _post(
    client: httpx.AsyncClient, endpoint: Endpoint, delivery: Mapping[str, Any]
) -> Attempt:
    body = body_of(delivery)
    url = httpx.URL(endpoint.url)
    headers = {
        **signed_headers(delivery["id"], int(time.time()), body, endpoint.secrets),
        "Content-Type": "application/json",
        "User-Agent": "Purse",
        "Host": url.netloc.decode(),
    }
    # Settings allow http only to this machine, and only with test keys.
    if url.scheme == "https":
        port = url.port or 443
        address = await public_address(url.host, port)
        # The certificate is still checked against the name.
        extensions = {"sni_hostname": url.host}
        url = url.copy_with(host=address, port=port)
    else:
        extensions = {}
    request = client.build_request(
        "POST", url, content=body, headers=headers, extensions=extensions
    )
    # The body of the answer says nothing that counts, and may be endless: it is not read.
    answer = await client.send(request, stream=True)
    try:
        return _judge(answer)
    finally:
        await answer.aclose()


def _judge(answer: httpx.Response) -> Attempt:
    outcome = str(answer.status_code)
    if answer.is_success:
        return Attempt("delivered", outcome)
    if answer.status_code == HTTPStatus.GONE:
        return Attempt("given_up", outcome)
    asked = answer.headers.get("retry-after", "")
    seconds = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0  # noqa: PLR2004 - a day has five digits
    return Attempt("failed", outcome, min(seconds, MAX_RETRY_AFTER))


def new_client() -> httpx.AsyncClient:
    """Return the client of one run. It follows no redirect and uses no proxy."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ATTEMPT_SECONDS, connect=5),
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        follow_redirects=False,
        trust_env=False,
    )
