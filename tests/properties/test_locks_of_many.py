"""Functions that lock rows of several users, at once: none waits for one that waits for it.

Each act is one call on a connection of its own. All begin behind a gate, a lock that somebody
holds, so that each has some of its locks and wants more when the gate opens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database.locks import behind
from tests.database.purse import Purse, key
from tests.profiles import examples
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

pytestmark = pytest.mark.usefixtures("patience")

# Few, so that acts meet.
PEOPLE, FILES = 2, 2
# A race that was lost once is not lost each time.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
# A file is gone, or a worker's. Anything else, a deadlock (40P01) above all, is a fault.
REFUSALS = {"PT404", "PT409"}

PERSON = st.integers(0, PEOPLE - 1)
FILE = st.integers(0, PEOPLE * FILES - 1)
FACT = st.integers(0, PEOPLE * 2 - 1)
# One file of each person: such sweeps meet at the users, and not before, at the files.
ONE_EACH = st.tuples(
    *(st.integers(who * FILES, (who + 1) * FILES - 1) for who in range(PEOPLE))
).flatmap(st.permutations)
OF_MANY = st.one_of(
    st.tuples(st.just("sweep"), ONE_EACH),
    st.tuples(st.just("sweep"), st.permutations(range(PEOPLE * FILES))),
    st.tuples(st.just("rehearse"), st.permutations(range(PEOPLE * 2))),
    st.tuples(st.just("charge"), st.permutations(range(PEOPLE))),
    st.tuples(st.just("expire")),
)
OF_ONE = st.one_of(
    st.tuples(st.just("tell"), FACT),
    st.tuples(st.just("delete"), FILE),
    st.tuples(st.just("lease"), FILE),
    st.tuples(st.just("spend"), PERSON),
)
PROGRAM = st.tuples(
    st.lists(OF_MANY, min_size=2, max_size=3), st.lists(OF_ONE, max_size=2)
).flatmap(lambda both: st.permutations([*both[0], *both[1]]))
GATES = st.one_of(
    st.tuples(st.just("user"), PERSON),
    st.tuples(st.just("file"), FILE),
    st.tuples(st.just("order"), PERSON),
)
GATE_TABLES = {
    "user": "user_credits where user_id",
    "file": "files where id",
    "order": "purchases where id",
}


@dataclass(frozen=True)
class People:
    """Some users, each with a purchase that may be refunded and with abandoned uploads."""

    database: Database
    purses: list[Purse] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for _ in range(PEOPLE):
            purse = Purse(self.database)
            purse.grant(50)
            order = purse.buy(20)
            self.purses.append(purse)
            self.orders.append(order)
            self.files.extend(purse.abandoned_upload() for _ in range(FILES))
            # So that the next movement writes what has expired, as expire_credits does.
            self.database.execute(
                "update user_credits set lapses_at = now() where user_id = %s", [purse.user_id]
            )
            untold = Order(user_id=purse.user_id, credits=10, unit_amount=10)
            self.facts.extend([Reversal(order).refund(15), untold.facts("paid")])

    def gate(self, kind: str, which: int) -> Callable[[Database], Any]:
        """Return what locks the row of one user, file or order."""
        ids = {
            "user": [purse.user_id for purse in self.purses],
            "file": self.files,
            "order": [order.order_id for order in self.orders],
        }[kind]
        return lambda database: database.execute(
            f"select from {GATE_TABLES[kind]} = %s for update", [ids[which]]
        )

    def doing(self, act: tuple[Any, ...]) -> Callable[[Database], str | None]:
        """Return what does an act; it returns the SQLSTATE of a refusal."""
        what, *how = act
        calls: dict[str, Callable[..., tuple[Any, ...]]] = {
            "sweep": lambda which: ("mark_swept", [UUID(self.files[each]) for each in which]),
            "rehearse": lambda which: (
                "rehearse_facts",
                Jsonb([self.facts[each] for each in which]),
            ),
            "tell": lambda which: ("record_facts", Jsonb(self.facts[which])),
            "delete": lambda which: ("delete_file", *self._file(which)),
            "lease": lambda which: ("lease_file", *self._file(which), 60, True),
            "charge": lambda which: ("spend_batch", Jsonb([self._spend(each) for each in which])),
            "spend": lambda which: ("spend_credits", *self._spend(which).values()),
            "expire": lambda: ("expire_credits", 100),
        }
        function, *arguments = calls[what](*how)
        return lambda database: Purse(database).refused(function, *arguments)

    def _file(self, which: int) -> tuple[str, str]:
        return self.purses[which // FILES].user_id, self.files[which]

    def _spend(self, which: int) -> dict[str, Any]:
        return {
            "user_id": self.purses[which].user_id,
            "feature": "audio_upload",
            "quantity": 1,
            "idempotency_key": key(),
        }


@settings(max_examples=examples(cost=3), phases=UNSHRUNK)
@given(gate=GATES, program=PROGRAM)
def test_functions_that_lock_rows_of_several_users_all_get_through(
    stack: RunningStack,
    database: Database,
    gate: tuple[str, int],
    program: list[tuple[Any, ...]],
) -> None:
    people = People(database)
    answers = behind(stack, people.gate(*gate), [people.doing(act) for act in program])
    for act, answer in zip(program, answers, strict=True):
        note(f"{act}: {answer}")
    assert {answer for answer in answers if answer} <= REFUSALS
    for purse in people.purses:
        purse.adds_up()
