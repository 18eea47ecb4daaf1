"""Deliver as Stripe does: many at once, each again and again until it is answered 2xx."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.stripe_events import sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANSWER_TIMEOUT_SECONDS = 20
PAUSE_SECONDS = 0.05  # Stripe waits for minutes; the fewer seconds, the more crashes meet a retry
MOST_ATTEMPTS = 2_000
STUCK_SECONDS = 120
NO_ANSWER = "connection lost"


class Writers:
    """Threads that deliver, and the account of what they were answered.

    Args:
        site_url: Where the webhook is.
        secret: Signs the events.
        deliveries: Event ids with their bodies.

    Attributes:
        attempts: Requests made, by event id.
        acknowledged: Answers 2xx, by event id.
        applied: Those of them that said applied, by event id.
        refused: What else came, by status or NO_ANSWER.
    """

    def __init__(self, site_url: str, secret: str, deliveries: list[tuple[str, bytes]]) -> None:
        self._host = urlsplit(site_url).netloc
        self._secret = secret
        self._left = iter(deliveries)
        self._all = len(deliveries)
        self._done = 0
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self.attempts: Counter[str] = Counter()
        self.acknowledged: Counter[str] = Counter()
        self.applied: Counter[str] = Counter()
        self.refused: Counter[int | str] = Counter()
        self.failures: list[str] = []

    @contextmanager
    def delivering(self, threads: int) -> Iterator[None]:
        """Deliver while the block runs."""
        crew = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in crew:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in crew:
                thread.join(ANSWER_TIMEOUT_SECONDS * 2)

    def wait_for_acknowledged(self, number: int) -> None:
        """Return once that many deliveries are acknowledged."""
        self._wait_for(lambda: self._done >= number, f"{number} acknowledged")

    def wait_for_a_refusal(self, since: int) -> None:
        """Return once somebody was refused, or not answered, since so many had been.

        Also when there is nobody left: what is dead and refuses nobody, the audit will show.
        """
        self._wait_for(lambda: self.refused.total() > since or self._done == self._all, "a refusal")

    def _wait_for(self, reached: Callable[[], bool], what: str) -> None:
        with self._changed:
            while not reached():
                before = self.attempts.total()
                woken = self._changed.wait_for(
                    lambda: reached() or self.failures, timeout=STUCK_SECONDS
                )
                assert not self.failures, self.failures
                moved = self.attempts.total() > before
                assert woken or moved, f"writers are stuck at {self._done}, waiting for {what}"

    def _work(self) -> None:
        connection = http.client.HTTPConnection(self._host, timeout=ANSWER_TIMEOUT_SECONDS)
        try:
            while not self._stopped.is_set():
                with self._changed:
                    delivery = next(self._left, None)
                if delivery is None:
                    return
                self._deliver(connection, *delivery)
        except Exception as error:
            failure = repr(error)
            self._note(lambda: self.failures.append(failure))
            raise
        finally:
            connection.close()

    def _deliver(self, connection: http.client.HTTPConnection, id_: str, body: bytes) -> None:
        for _ in range(MOST_ATTEMPTS):
            if self._stopped.is_set():
                return
            status, answer = self._attempt(connection, id_, body)
            if status == http.HTTPStatus.OK:
                self._note(lambda: self._acknowledge(id_, answer))  # noqa: B023 - called at once
                return
            self._note(lambda: self.refused.update([status]))  # noqa: B023 - called at once
            self._stopped.wait(PAUSE_SECONDS)
        raise AssertionError(f"{id_} was refused {MOST_ATTEMPTS} times")

    def _attempt(
        self, connection: http.client.HTTPConnection, id_: str, body: bytes
    ) -> tuple[int | str, bytes]:
        self._note(lambda: self.attempts.update([id_]))
        try:
            headers = {"Stripe-Signature": sign(body, self._secret)}
            connection.request("POST", "/api/webhook", body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return NO_ANSWER, b""

    def _acknowledge(self, id_: str, answer: bytes) -> None:
        self._done += 1
        self.acknowledged[id_] += 1
        self.applied[id_] += b'"applied"' in answer

    def _note(self, change: Callable[[], Any]) -> None:
        with self._changed:
            change()
            self._changed.notify_all()
