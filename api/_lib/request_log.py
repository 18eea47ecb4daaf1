"""One JSON line in the log for each request: what was asked, what came of it, and where time went.

A line holds ids and figures, never an address, a name, a token or a text that somebody sent. On
Vercel the line is the whole message, so its log drains can read the fields.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REQUEST_ID = "X-Request-Id"
SERVER_TIMING = "Server-Timing"

# Where a request's time can go besides our own Python.
DATABASE = "database"
STRIPE = "stripe"
STORAGE = "storage"

MAX_PATH_CHARS = 200
# Vercel's id looks like fra1::iad1::abcde-1700000000000-0123456789ab.
_GIVEN_ID = re.compile(r"[A-Za-z0-9:._-]{1,128}", re.ASCII)

_log = logging.getLogger("purse")
_log.setLevel(logging.INFO)
_requests = logging.getLogger("purse.requests")


class _Format(logging.Formatter):
    """Leaves the lines about requests as they are, so that each is JSON and nothing else."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's line."""
        return record.getMessage() if record.name == _requests.name else super().format(record)


def _log_to_standard_error() -> None:
    """Set logging up. Does nothing on Vercel, whose runtime has done so already."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Format("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler])


_log_to_standard_error()


class RequestLog:
    """What is known so far of one request.

    Args:
        method: The HTTP method.
        path: The path that was asked for.
        headers: WSGI's environment, which may hold the platform's own id of the request.

    Attributes:
        request_id: The id in the line and in the answer's X-Request-Id: Vercel's, else our own.
    """

    def __init__(self, method: str, path: str, headers: Mapping[str, object]) -> None:
        self._asked = {"method": method, "path": path[:MAX_PATH_CHARS]}
        given = str(headers.get("HTTP_X_VERCEL_ID", ""))
        self.request_id = given if _GIVEN_ID.fullmatch(given) else os.urandom(8).hex()
        self._noted: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._began = time.perf_counter()
        # Calls made within another measured call, such as a retry, are not counted twice.
        self._measuring = False

    def note(self, facts: Mapping[str, str]) -> None:
        """Add facts to the line."""
        self._noted.update(facts)

    @contextmanager
    def measuring(self, part: str) -> Iterator[None]:
        """Count the time until the block ends as this part's."""
        if self._measuring:
            yield
            return
        self._measuring = True
        began = time.perf_counter()
        try:
            yield
        finally:
            self._measuring = False
            self._seconds[part] = self._seconds.get(part, 0) + time.perf_counter() - began

    def milliseconds(self) -> dict[str, float]:
        """Return milliseconds so far: in total, in Python, and in each part that was called."""
        total = time.perf_counter() - self._began
        parts = {"total": total, "python": total - sum(self._seconds.values()), **self._seconds}
        return {part: round(seconds * 1000, 1) for part, seconds in parts.items()}

    def headers(self) -> dict[str, str]:
        """Return the answer's headers: the request's id, and where its time went."""
        timing = ", ".join(f"{part};dur={spent}" for part, spent in self.milliseconds().items())
        return {REQUEST_ID: self.request_id, SERVER_TIMING: timing}

    def write(self, status: int) -> None:
        """Write the line. The outcome is what was noted, else "ok" or "failed" by the status."""
        line = {
            "request_id": self.request_id,
            **self._asked,
            "status": status,
            "outcome": "ok" if status < 400 else "failed",  # noqa: PLR2004 - HTTP's first error
            **self._noted,
            "ms": self.milliseconds(),
        }
        _requests.info("%s", json.dumps(line, separators=(",", ":")))


_current: ContextVar[RequestLog | None] = ContextVar("request_log", default=None)


@contextmanager
def logged(log: RequestLog) -> Iterator[None]:
    """Let notes and measurements of this thread go to this request's line."""
    token = _current.set(log)
    try:
        yield
    finally:
        _current.reset(token)


def note(**facts: str) -> None:
    """Add facts to the line of the request that is being answered; nothing outside of one.

    Only ids, codes and other words of ours belong here, no personal data.
    """
    if (log := _current.get()) is not None:
        log.note(facts)


@contextmanager
def measured(part: str) -> Iterator[None]:
    """Count the time until the block ends as this part's: DATABASE, STRIPE or STORAGE."""
    log = _current.get()
    if log is None:
        yield
        return
    with log.measuring(part):
        yield


def log_unexpected(error: Exception) -> None:
    """Log an exception's type and place, not its text, which may quote personal data."""
    log = _current.get()
    frames = traceback.extract_tb(sys.exc_info()[2])
    code = getattr(error, "code", None)
    _log.error(
        "request %s: unexpected %s%s at %s",
        log.request_id if log else None,
        type(error).__name__,
        f" {code}" if isinstance(code, str) else "",
        " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames)),
    )
