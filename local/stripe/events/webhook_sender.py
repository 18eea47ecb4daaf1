"""Sign and send webhooks: in parallel, with retries until the endpoint answers 2xx."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import os
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local.stripe.events import delivery_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stripe.settings import Settings
    from local.stripe.store import Store, Transaction

ANSWER_TIMEOUT_SECONDS = 10
FIRST_RETRY_SECONDS = 1
LAST_RETRY_SECONDS = 60
MAX_PARALLEL = 8
IDLE_SECONDS = 1.0
LOST = "lost on request"
USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event; `lost` attempts fail without being sent."""

    id: int
    event_id: str
    body: bytes
    attempts: int
    lost: bool


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """Return the `Stripe-Signature` header for a body at a Unix time."""
    signed = str(timestamp).encode() + b"." + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def retry_delay_seconds(attempts: int) -> int:
    """Return the wait after a number of failed attempts: 1, 2, 4 … 60 seconds."""
    return int(min(FIRST_RETRY_SECONDS * 2 ** min(attempts - 1, 10), LAST_RETRY_SECONDS))


class WebhookSender:
    """The background thread that sends due deliveries, and calls `on_tick` in each round."""

    def __init__(
        self, store: Store, settings: Settings, on_tick: Callable[[Transaction], None]
    ) -> None:
        self._store = store
        self._settings = settings
        self._on_tick = on_tick
        self._guard = threading.Lock()
        self._process_id: int | None = None
        self._in_flight: set[int] = set()
        self._slots = threading.BoundedSemaphore(MAX_PARALLEL)

    def ensure_running(self) -> None:
        """Start the thread if this process has none; a forked process does not inherit it."""
        if self._process_id == os.getpid():
            return
        with self._guard:
            if self._process_id != os.getpid():
                self._process_id = os.getpid()
                threading.Thread(target=self._run, name="sender", daemon=True).start()

    def wait_until_delivered(self, event_id: str, timeout_seconds: float) -> bool:
        """Wait for the endpoint's 2xx, as Checkout does; return whether it came.

        Returns at once if deliveries are held, or the next attempt is due after the timeout.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            generation = self._store.generation
            with self._store.transaction() as transaction:
                due_at = delivery_queue.due_at(transaction, event_id)
                held = transaction.switch("hold", default=False)
            if due_at is None:
                return True
            remaining = deadline - time.monotonic()
            if held or remaining <= 0 or due_at > time.time() + remaining:
                return False
            self._store.wait_for_change(generation, remaining)

    def _run(self) -> None:
        while True:
            generation = self._store.generation
            try:
                wait_seconds = self._round()
            except Exception:
                # One failed round must not stop the thread; due deliveries stay in the queue.
                log.exception("A round of deliveries failed")
                wait_seconds = IDLE_SECONDS
            self._store.wait_for_change(generation, wait_seconds)

    def _round(self) -> float:
        """Start sending due deliveries; return the seconds until the next one is due."""
        with self._store.transaction() as transaction:
            self._on_tick(transaction)
            due = self._claim(transaction)
            next_due = self._next_due(transaction)
        for delivery in due:
            self._slots.acquire()
            threading.Thread(target=self._attempt, args=(delivery,), daemon=True).start()
        return max(0.0, min(IDLE_SECONDS, next_due - time.time()))

    def _claim(self, transaction: Transaction) -> list[Delivery]:
        if transaction.switch("hold", default=False):
            return []
        rows = delivery_queue.claimable(transaction)
        lose = transaction.switch("lose_next", 0)
        claimed: list[Delivery] = []
        with self._guard:
            for row in rows:
                if row["id"] in self._in_flight or len(claimed) == MAX_PARALLEL:
                    continue
                self._in_flight.add(row["id"])
                body = json.dumps(json.loads(row["body"]), indent=2).encode()
                lost = len(claimed) < lose
                claimed.append(Delivery(row["id"], row["event_id"], body, row["attempts"], lost))
        if lose and claimed:
            transaction.set_switch("lose_next", max(0, lose - len(claimed)))
        return claimed

    def _next_due(self, transaction: Transaction) -> float:
        with self._guard:
            in_flight = sorted(self._in_flight)
        held = transaction.switch("hold", default=False)
        due_at = None if held else delivery_queue.next_due_at(transaction, in_flight)
        return time.time() + IDLE_SECONDS if due_at is None else due_at

    def _attempt(self, delivery: Delivery) -> None:
        outcome: int | str
        try:
            outcome = LOST if delivery.lost else self._post(delivery.body)
        except (OSError, http.client.HTTPException) as problem:
            outcome = type(problem).__name__
        try:
            self._record(delivery, outcome)
        finally:
            with self._guard:
                self._in_flight.discard(delivery.id)
            self._slots.release()
            self._store.signal()

    def _post(self, body: bytes) -> int:
        """Send one signed request without a proxy; return the status of the answer."""
        target = urlsplit(self._settings.webhook_url)
        secure = target.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": USER_AGENT,
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
            # Signed at each attempt: receivers refuse old timestamps as replays.
            "Stripe-Signature": signature(self._settings.webhook_secret, body, int(time.time())),
        }
        with closing(
            connect(target.hostname or "", target.port, timeout=ANSWER_TIMEOUT_SECONDS)
        ) as connection:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status

    def _record(self, delivery: Delivery, outcome: int | str) -> None:
        """Record the status of the answer, or the error, and schedule a retry if it was no 2xx."""
        success = isinstance(outcome, int) and outcome // 100 == 2  # noqa: PLR2004 - 2xx
        attempts = delivery.attempts + 1
        retry_at = None if success else time.time() + retry_delay_seconds(attempts)
        with self._store.transaction() as transaction:
            delivery_queue.record_attempt(transaction, delivery.id, outcome, retry_at)
        log.info("%s attempt %d: %s", delivery.event_id, attempts, outcome)
