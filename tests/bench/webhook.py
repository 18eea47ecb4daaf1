"""Measure the webhook's own Python beside the least it must do: `make bench-webhook`.

The floor checks the signature, and reads and writes the JSON. The webhook also makes the facts,
answers as a WSGI application and writes a line to its log. The database's share is left out: its
answer is there at once. Everything runs in turn, so that the ratios hold on a busy machine.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import logging
import os
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from api import webhook
from api._lib import database
from local.stripe.shapes import checkout_session
from tests.stripe_events import Order, event, sign
from tests.unit.functions import CORE_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = int(os.environ.get("ROUNDS") or 50)
CALLS = 200
REACH = 3.0
SECRET = "whsec_bench"


def main() -> None:
    """Print microseconds of CPU and the ratio to the floor, with and without the log's line."""
    os.environ.update({**CORE_SETTINGS, "STRIPE_WEBHOOK_SECRET": SECRET})
    log, lines = logging.getLogger("purse"), logging.getLogger("purse.requests")
    log.propagate = False
    print(f"Python {sys.version.split()[0]}; medians of {ROUNDS} rounds of {CALLS} calls")
    # Stripe indents by two spaces.
    body = json.dumps(event("checkout.session.completed", _session()), indent=2).encode()
    header = sign(body, SECRET)
    times: dict[str, list[float]] = {"floor": [], "webhook": [], "webhook, no log": []}
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        patch.object(database, "call", _answer_at_once),
    ):
        log.addHandler(logging.StreamHandler(nowhere))
        for _ in range(ROUNDS):
            times["floor"].append(_microseconds(lambda: _least(body, header)))
            times["webhook"].append(_microseconds(lambda: _call(body, header)))
            lines.disabled = True
            times["webhook, no log"].append(_microseconds(lambda: _call(body, header)))
            lines.disabled = False
    floor = statistics.median(times["floor"])
    for name, values in times.items():
        microseconds = statistics.median(values)
        print(f"  {name:<16} {microseconds:>6.1f} µs  {microseconds / floor:.2f} x")
    print(f"  (an event of {len(body):,} bytes; to reach: {REACH} x)")


def _answer_at_once(_function: str, **_arguments: Any) -> str:
    return "applied"


def _session() -> dict[str, Any]:
    order = Order()
    product = {"currency": "usd", "unit_amount": 499, "product_data": {"name": "Starter"}}
    fields = {
        "expires_at": 1_790_000_000,
        "payment_method_types": ["card"],
        "success_url": "https://shop.example.com/payment/success",
        "cancel_url": "https://shop.example.com/payment/cancel",
        "customer_email": "ada@example.com",
    }
    item = checkout_session.line_item({"price_data": product, "quantity": 1}, now=1_790_000_000)
    shape = checkout_session.session(fields, items=[item], customer=None, now=1_790_000_000)
    return {**shape, **order.session()}


def _least(body: bytes, header: str) -> bytes:
    timestamp, _, signature = header.removeprefix("t=").partition(",v1=")
    signed = f"{timestamp}.".encode() + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise ValueError(header)
    received = json.loads(body)
    return json.dumps({"received": True, "outcome": received["type"]}).encode()


def _call(body: bytes, header: str) -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/webhook",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json; charset=utf-8",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "shop.example.com",
        "HTTP_USER_AGENT": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "HTTP_ACCEPT": "*/*; q=0.5, application/xml",
        "HTTP_STRIPE_SIGNATURE": header,
        "wsgi.input": io.BytesIO(body),
    }
    answer = b"".join(webhook.app(environ, _start_response))
    if answer != b'{"received":true,"outcome":"applied"}':
        raise RuntimeError(answer)


def _start_response(
    _status: str, _headers: list[tuple[str, str]], _error: object = None, /
) -> Callable[[bytes], object]:
    return io.BytesIO().write


def _microseconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - started) / CALLS * 1e6


if __name__ == "__main__":
    main()
