"""Every page in every state: accessible, within the window, still, and seen in forced colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.inspection import faults_of
from tests.browser.states import WALKS
from tests.browser.states.stage import Stage
from tests.support import Accounts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from local.stack import Running
    from tests.browser.console import Console
    from tests.browser.states.stage import Walk
    from tests.support import RunningStack


def title(walk: Walk) -> str:
    """Return a walk's name among the tests."""
    return f"{walk.__module__.rpartition('.')[2]}-{walk.__name__}"


@pytest.fixture(scope="module")
def shared_stage(
    browser: Browser,
    running: Running,
    stack: RunningStack,
    pages: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """The stage of all walks: the second deployment starts once."""
    folder = tmp_path_factory.mktemp("stage")
    stage = Stage(stack, Accounts(running), browser, folder, pages)
    yield stage
    stage.close()


@pytest.fixture
def stage(shared_stage: Stage, console: Console) -> Stage:
    """The stage, with a console in which nobody may complain."""
    shared_stage.console = console
    return shared_stage


@pytest.mark.parametrize("walk", WALKS, ids=title)
def test_every_state_suits_everybody(stage: Stage, walk: Walk) -> None:
    faults = [fault for state in walk(stage) for fault in faults_of(state)]
    assert not faults, "\n".join(faults)
