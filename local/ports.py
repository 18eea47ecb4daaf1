"""Which ports the stack uses: four in a row on 127.0.0.1."""

from __future__ import annotations

import socket

from local.errors import StackError

DEFAULT_PORT = 3000
BLOCK = 4
STEP = 10
TRIES = 50
_LOWEST = 1024
_HIGHEST = 65535 - BLOCK


def choose(wanted: str | None, *, remembered: int | None = None) -> int:
    """Return the first port of a free block: site, Supabase, Stripe, Postgres.

    Args:
        wanted: PORT, if the person set it: that block or none.
        remembered: The block of the last run, tried first, since sign-ins belong to an address.

    Raises:
        StackError: PORT is no port, or one of its block is taken, or no block is free.
    """
    if wanted:
        if not (wanted.isascii() and wanted.isdigit() and _LOWEST <= int(wanted) <= _HIGHEST):
            raise StackError(f"PORT must be a number from {_LOWEST} to {_HIGHEST}.")
        taken = [port for port in _block(int(wanted)) if not _is_free(port)]
        if taken:
            raise StackError(
                f"Port {taken[0]} is in use. Stop what uses it, or choose another: "
                f"make run PORT={int(wanted) + STEP}"
            )
        return int(wanted)
    candidates = [DEFAULT_PORT + STEP * n for n in range(TRIES)]
    for first in ([remembered] if remembered else []) + candidates:
        if all(_is_free(port) for port in _block(first)):
            return first
    raise StackError("No four free ports in a row from 3000 on. Choose: make run PORT=…")


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
