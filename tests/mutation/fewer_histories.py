"""The property tests with fewer examples, the same each time and not shrunk: mutants die early."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.test_histories import Histories
from tests.properties.test_settlement_converges import retold_history
from tests.properties.test_settlement_converges import (
    test_order_and_repetition_do_not_matter as converges,
)

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

FEWER: dict[str, Any] = {
    "database": None,
    "deadline": None,
    "derandomize": True,
    "phases": (Phase.generate,),
    "suppress_health_check": list(HealthCheck),
}
converges_seldom = settings(max_examples=60, **FEWER)(
    given(histories=retold_history())(converges.hypothesis.inner_test)  # type: ignore[attr-defined]
)


def test_order_and_repetition_do_not_matter(database: Connection[dict[str, Any]]) -> None:
    converges_seldom(database=database)


def test_any_history_ends_in_what_its_facts_call_for(stack: RunningStack) -> None:
    with stack.connect() as database:
        Histories.database = database
        run_state_machine_as_test(
            Histories, settings=settings(max_examples=25, stateful_step_count=25, **FEWER)
        )


del converges
