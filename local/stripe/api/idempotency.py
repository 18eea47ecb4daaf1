"""Idempotency keys: the same request under the same key is answered from memory."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from local.stripe.api.errors import InvalidParameterError, StripeError
from local.stripe.store import Transaction

LIFE_SECONDS = 24 * 3600
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was given before."""

    status: int
    body: str
    request_id: str


class Keys:
    """Which keys are at work in this process right now."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._in_flight: set[str] = set()

    @contextmanager
    def held(self, key: str | None) -> Iterator[None]:
        """Keep a second request out while the first one under this key runs."""
        if key is None:
            yield
            return
        if len(key) > MAX_KEY:
            raise InvalidParameterError(
                f"Idempotency keys can have at most {MAX_KEY} characters.", kind="idempotency_error"
            )
        with self._guard:
            if key in self._in_flight:
                raise StripeError(
                    "There is currently another in-progress request using this idempotency key: "
                    f"{key}. Try again later.",
                    status=409,
                    code="idempotency_key_in_use",
                    kind="idempotency_error",
                )
            self._in_flight.add(key)
        try:
            yield
        finally:
            with self._guard:
                self._in_flight.discard(key)


def fingerprint(method: str, path: str, parameters: str) -> str:
    """What must be the same for a request to be the same."""
    return hashlib.sha256(f"{method}\n{path}\n{parameters}".encode()).hexdigest()


def recall(transaction: Transaction, key: str, print_: str) -> Kept | None:
    """The answer kept under this key, or a refusal if it was for another request."""
    row = transaction.sql.execute(
        "select * from idempotency_keys where key = ? and created_at > ?",
        (key, time.time() - LIFE_SECONDS),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != print_:
        raise StripeError(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request.",
            kind="idempotency_error",
        )
    return Kept(row["status"], row["body"], row["request_id"])


def keep(transaction: Transaction, key: str, print_: str, kept: Kept) -> None:
    """Keep an answer, in the transaction that did the work it reports."""
    transaction.sql.execute(
        "delete from idempotency_keys where created_at <= ?", (time.time() - LIFE_SECONDS,)
    )
    transaction.sql.execute(
        "insert or replace into idempotency_keys values (?, ?, ?, ?, ?, ?)",
        (key, print_, kept.status, kept.body, kept.request_id, time.time()),
    )
