"""One stand-in for all tests; each test starts without any command in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.standins.stripe.harness import Receiver, StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """The shop's webhook endpoint."""
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def shared_stand_in(
    receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StandIn]:
    """One running stand-in; tests use `stand_in`."""
    stand_in = StandIn(tmp_path_factory.mktemp("stripe"), receiver)
    stand_in.start()
    stand_in.enable_events("*")
    yield stand_in
    stand_in.close()


@pytest.fixture
def stand_in(shared_stand_in: StandIn) -> StandIn:
    """The running stand-in, without any command in force."""
    shared_stand_in.be_quiet()
    return shared_stand_in


@pytest.fixture
def own_stand_in(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A stand-in for one test, which may kill it or move its clock."""
    stand_in = StandIn(tmp_path_factory.mktemp("own-stripe"), receiver)
    stand_in.start()
    stand_in.enable_events("*")
    yield stand_in
    stand_in.close()
