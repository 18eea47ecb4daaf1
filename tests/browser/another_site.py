"""Deployments with settings of their own: another site before the same stack, or another stack."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from local.environment import functions_settings
from local.services import Service
from local.stack import running_stack
from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOOPBACK = "127.0.0.1"


@contextmanager
def another_site(
    stack: RunningStack, folder: Path, change: Callable[[dict[str, str]], dict[str, str]]
) -> Iterator[RunningStack]:
    """Run a second site on a port of its own, with the first one's settings after this change."""
    with socket.socket() as reserved:
        reserved.bind((LOOPBACK, 0))
        port = reserved.getsockname()[1]
    other = replace(stack, site_url=f"http://{LOOPBACK}:{port}")
    settings = change(functions_settings(other))
    env = {"PATH": os.environ["PATH"], "NO_PROXY": LOOPBACK, **settings}
    site = Service("site", port, env, folder / "site.log")
    site.start()
    try:
        site.wait_until_ready()
        yield other
    finally:
        site.stop()


@contextmanager
def another_stack(folder: Path, environ: dict[str, str]) -> Iterator[RunningStack]:
    """Run a second stack with these settings of `make run`, under the seal of the tests."""
    with running_stack(folder, environ=environ, report=lambda _line: None) as running:
        yield RunningStack.of(running)
