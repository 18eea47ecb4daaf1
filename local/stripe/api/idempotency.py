"""Idempotency keys: a repeated request gets the stored answer."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError, StripeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stripe.store import Transaction

LIFE_SECONDS = 24 * 3600
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored answer."""

    status: int
    body: str
    request_id: str


class Keys:
    """The keys of requests that are running in this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._in_flight: set[str] = set()

    @contextmanager
    def held(self, key: str | None) -> Iterator[None]:
        """Hold a key while its request runs.

        Raises:
            InvalidParameterError: The key is too long.
            StripeError: Another request with this key is running.
        """
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
    """Return a hash that is the same for repetitions of a request."""
    return hashlib.sha256(f"{method}\n{path}\n{parameters}".encode()).hexdigest()


def recall(transaction: Transaction, key: str, print_: str) -> Kept | None:
    """Return the answer stored under a key.

    Raises:
        StripeError: The key was used for another request.
    """
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
    """Store an answer in the same transaction as the work that it reports."""
    transaction.sql.execute(
        "delete from idempotency_keys where created_at <= ?", (time.time() - LIFE_SECONDS,)
    )
    transaction.sql.execute(
        "insert or replace into idempotency_keys values (?, ?, ?, ?, ?, ?)",
        (key, print_, kept.status, kept.body, kept.request_id, time.time()),
    )
