"""One JSON line in the log for each request: what was asked, how it ended, and where time went.

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
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where a request's time can go besides our own Python.
DATABASE = "database"
STRIPE = "stripe"
STORAGE = "storage"

MAX_PATH_CHARS = 200
# Vercel's id looks like fra1::iad1::abcde-1700000000000-0123456789ab.
_GIVEN_ID = re.compile(r"[A-Za-z0-9:._-]{1,128}", re.ASCII)

_log = logging.getLogger("purse")
_requests = logging.getLogger("purse.requests")


class _Format(logging.Formatter):
    """Leaves the lines about requests as they are, so that each is JSON and nothing else."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's line."""
        return record.getMessage() if record.name == _requests.name else super().format(record)


def set_logging_up() -> None:
    """Let the lines of endpoints go to standard error; on Vercel, to where its runtime sends them.

    Operators' commands do not call this: they print only warnings beside their own words.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Format("%(levelname)s %(name)s: %(message)s"))
    # Does nothing where a handler is set already, as on Vercel.
    logging.basicConfig(handlers=[handler])
    _log.setLevel(logging.INFO)


class RequestLog:
    """What is known so far of one request.

    Args:
        method: The HTTP method.
        path: The path that was asked for.
        given_id: The platform's own id of the request; "" if it gives none.

    Attributes:
        request_id: The id in the line and in the answer's X-Request-Id: the platform's, else ours.
        noted: Facts for the line.
        seconds: The time that each part took so far.
        is_measuring: Whether a call to such a part is under way.
    """

    def __init__(self, method: str, path: str, given_id: str) -> None:
        self.request_id = given_id if _GIVEN_ID.fullmatch(given_id) else os.urandom(8).hex()
        self._method = method
        self._path = path[:MAX_PATH_CHARS]
        self.noted: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.is_measuring = False
        self._began = time.perf_counter()

    def end(self, status: int) -> list[tuple[str, str]]:
        """Write the line, and return the answer's headers: the request's id and its times.

        The outcome is what was noted, else "ok" or "failed" by the status.
        """
        total = time.perf_counter() - self._began
        parts = {"total": total, "python": total - sum(self.seconds.values()), **self.seconds}
        spent = {part: round(seconds * 1000, 1) for part, seconds in parts.items()}
        line = {
            "request_id": self.request_id,
            "method": self._method,
            "path": self._path,
            "status": status,
            "outcome": "ok" if status < HTTPStatus.BAD_REQUEST else "failed",
            **self.noted,
            "ms": spent,
        }
        _write(_JSON.encode(line))
        timing = ", ".join([f"{part};dur={duration}" for part, duration in spent.items()])
        return [("X-Request-Id", self.request_id), ("Server-Timing", timing)]


_JSON = json.JSONEncoder(separators=(",", ":"))


def _write(line: str) -> None:
    """Log a line as the logger's info() does, without the search for the caller, which is slow."""
    if _requests.isEnabledFor(logging.INFO):
        _requests.handle(
            logging.LogRecord(_requests.name, logging.INFO, __file__, 0, line, None, None)
        )


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
        log.noted.update(facts)


class Measuring:
    """Count the time until the block ends as this part's: with Measuring(DATABASE).

    The parts are DATABASE, STRIPE and STORAGE. A block within another one, such as a retry, is not
    counted twice. This is a class because a generator costs several times as much, at each call to
    the database.
    """

    def __init__(self, part: str) -> None:
        self._part = part
        self._log: RequestLog | None = None
        self._began = 0.0

    def __enter__(self) -> None:
        """Begin to count."""
        log = _current.get()
        if log is not None and not log.is_measuring:
            log.is_measuring = True
            self._log = log
            self._began = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        """Count what passed since."""
        if self._log is not None:
            seconds = self._log.seconds
            passed = time.perf_counter() - self._began
            seconds[self._part] = seconds.get(self._part, 0) + passed
            self._log.is_measuring = False


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
