"""Deployments with settings of their own: another site before the same stack, or another stack."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from local.environment import functions_settings
from local.stack import ROOT, running_stack
from tests.built import LOOPBACK, free_port, served
from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def another_site(
    stack: RunningStack,
    folder: Path,
    public: Path,
    change: Callable[[dict[str, str]], dict[str, str]] = dict,
) -> Iterator[RunningStack]:
    """Run a second site before a stack, on a port of its own.

    Args:
        stack: Yielded again, with the second site's address.
        folder: For the site's log.
        public: The site's static files.
        change: What its settings are, given those of the first one.
    """
    port = free_port()
    other = replace(stack, site_url=f"http://{LOOPBACK}:{port}")
    settings = change(functions_settings(other))
    with served(ROOT, port, settings, folder / f"site-{port}.log", public=public):
        yield other


@contextmanager
def another_stack(folder: Path, public: Path, settings: dict[str, str]) -> Iterator[RunningStack]:
    """Run a second stack with these settings of `make run`, under the seal of the tests.

    Args:
        folder: Keeps its state.
        public: Its static files.
        settings: Of the stack and of its site.
    """
    with (
        running_stack(folder, environ=settings, report=lambda _line: None) as running,
        another_site(RunningStack.of(running), folder, public, lambda own: settings | own) as built,
    ):
        yield built
