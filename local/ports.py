"""Find eight consecutive free ports on 127.0.0.1 for the stack."""

from __future__ import annotations

import fcntl
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_PORT = 3000
BLOCK = 8
STEP = 10
TRIES = 50
_LOWEST = 1024
_HIGHEST = 65535 - STEP


@contextmanager
def reserved(wanted: str | None, *, remembered: int | None = None) -> Iterator[int]:
    """Reserve eight ports while the block runs, and yield the first of them.

    They are for the site, Supabase, Stripe, Postgres, storage, the mailbox's page, SMTP and the
    receiver of events, in this order. A lock prevents two checkouts that start at the same time
    from choosing the same ports.

    Args:
        wanted: PORT, if the person set it; then no other ports are tried.
        remembered: The first port of the last run. It is tried first, because browsers keep
            sign-ins by address.

    Raises:
        StackError: PORT is not a valid port, one of the ports is in use, or none are free.
    """
    if wanted:
        candidates = [_parse(wanted)]
    else:
        candidates = [DEFAULT_PORT + STEP * n for n in range(TRIES)]
        candidates = ([remembered] if remembered else []) + candidates
    for first in candidates:
        lock = _lock(first)
        if lock is None:
            continue
        with lock:
            if all(_is_free(port) for port in _block(first)):
                yield first
                return
    if wanted:
        taken = next((port for port in _block(candidates[0]) if not _is_free(port)), candidates[0])
        raise StackError(
            f"Port {taken} is in use. Stop the program that uses it, or choose another port: "
            f"make run PORT={candidates[0] + STEP}"
        )
    raise StackError(
        "No eight consecutive ports are free from 3000 on. Choose one: make run PORT=…"
    )


def _parse(wanted: str) -> int:
    digits = wanted.isascii() and wanted.isdigit() and len(wanted) <= len(str(_HIGHEST))
    if not digits or not _LOWEST <= int(wanted) <= _HIGHEST:
        raise StackError(f"PORT must be a number from {_LOWEST} to {_HIGHEST}.")
    return int(wanted)


def _lock(first: int) -> IO[str] | None:
    """Lock eight ports for this process; return None if another process or user has the lock."""
    try:
        lock = (Path(tempfile.gettempdir()) / f"purse-port-{first}.lock").open("w")
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _block(first: int) -> range:
    return range(first, first + BLOCK)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
