"""The running stack, once for all tests: the very processes that `make run` starts."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import running_stack
from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

# A proxy must not come between the tests and 127.0.0.1.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The local stack, in a folder and on ports of its own."""
    folder = tmp_path_factory.mktemp("stack")
    with running_stack(folder, environ={}, report=lambda _line: None) as running:
        yield RunningStack(**asdict(running))


@pytest.fixture
def database(stack: RunningStack) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection as the project's owner, as the dashboard's SQL editor has it."""
    with stack.connect() as connection:
        yield connection
