"""Delivery of events: signed, in parallel, again and again until answered 2xx."""

import hashlib
import hmac
import http.client
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from local.stripe.events import deliveries
from local.stripe.settings import Settings
from local.stripe.store import Store, Transaction

ANSWER_TIMEOUT_SECONDS = 10
FIRST_RETRY_SECONDS = 1
LAST_RETRY_SECONDS = 60
MAX_PARALLEL = 8
IDLE_SECONDS = 1.0
LOST = "lost on request"
USER_AGENT = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"

log = logging.getLogger("local.stripe.events.log.sender")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to the endpoint."""

    id: int
    event_id: str
    body: bytes
    attempts: int
    lost: bool


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """The `Stripe-Signature` header for this body at this time."""
    signed = str(timestamp).encode() + b"." + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def retry_delay_seconds(attempts: int) -> int:
    """How long to wait after this many failed attempts: 1, 2, 4 … 60 seconds."""
    return int(min(FIRST_RETRY_SECONDS * 2 ** min(attempts - 1, 10), LAST_RETRY_SECONDS))


class Courier:
    """The background thread that delivers what is due and lets sessions expire."""

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
        """Start the thread if this process has none: a fork does not inherit it."""
        if self._process_id == os.getpid():
            return
        with self._guard:
            if self._process_id != os.getpid():
                self._process_id = os.getpid()
                threading.Thread(target=self._run, name="courier", daemon=True).start()

    def wait_until_delivered(self, event_id: str, timeout_seconds: float) -> bool:
        """Wait for the endpoint's 2xx, as Checkout does; not for one that cannot come in time."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            generation = self._store.generation
            with self._store.transaction() as transaction:
                due_at = deliveries.due_at(transaction, event_id)
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
                # A broken round must not end all deliveries; what is due stays queued.
                log.exception("A round of deliveries failed")
                wait_seconds = IDLE_SECONDS
            self._store.wait_for_change(generation, wait_seconds)

    def _round(self) -> float:
        """Send what is due; return how long nothing else will be."""
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
        rows = deliveries.claimable(transaction)
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
            under_way = sorted(self._in_flight)
        held = transaction.switch("hold", default=False)
        due_at = None if held else deliveries.next_due_at(transaction, but=under_way)
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
        """Send one signed request, to the configured address and through no proxy."""
        target = urlsplit(self._settings.webhook_url)
        secure = target.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": USER_AGENT,
            "Accept": "*/*; q=0.5, application/xml",
            "Cache-Control": "no-cache",
            # Signed anew for each attempt: an old signature would be refused as a replay.
            "Stripe-Signature": signature(self._settings.webhook_secret, body, int(time.time())),
        }
        with closing(
            connect(target.hostname or "", target.port, timeout=ANSWER_TIMEOUT_SECONDS)
        ) as connection:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status

    def _record(self, delivery: Delivery, outcome: int | str) -> None:
        """Note the answer's status, or why there was none."""
        success = isinstance(outcome, int) and outcome // 100 == 2  # noqa: PLR2004 - 2xx
        attempts = delivery.attempts + 1
        retry_at = None if success else time.time() + retry_delay_seconds(attempts)
        with self._store.transaction() as transaction:
            deliveries.attempted(transaction, delivery.id, outcome, retry_at)
        log.info("%s attempt %d: %s", delivery.event_id, attempts, outcome)
