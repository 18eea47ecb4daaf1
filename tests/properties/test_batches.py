"""A batch of spends of several users, against the model: as single spends in the same order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database.purse import Purse
from tests.profiles import examples
from tests.properties.model import PRICES, Model, Refused
from tests.stripe_events import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

USERS = 3
CLIENTS = 4
# The last user has no account.
WHO = st.integers(0, USERS)
FEATURES = st.sampled_from([*sorted(PRICES), "unknown"])
KEYS = st.sampled_from(["one", "two", "three", "four", "held", "é"])
SPENDS = st.tuples(WHO, FEATURES, st.integers(0, 3), KEYS)
LOTS = st.lists(st.tuples(st.integers(1, 30), st.sampled_from([None, 1, 3])), max_size=4)
# A race that was lost once is not lost each time.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)

Spend = tuple[int, str, int, str]


@dataclass
class Owner:
    """A user, what the model has of them, and the answer to each of their keys."""

    purse: Purse
    model: Model = field(default_factory=Model)
    used: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)

    def expect(self, feature: str, quantity: int, key: str) -> dict[str, Any]:
        """Return what a spend should answer now; the model spends it."""
        if key in self.used:
            *same, answer = self.used[key]
            if same == [feature, quantity]:
                return {**answer, "outcome": "replayed"}
            return refused("idempotency_key_reused")
        required = PRICES.get(feature, 0) * quantity
        why = self._invalid(feature, quantity, key)
        if why:
            return refused(why)
        available = self.model.available
        try:
            _, spent = self.model.spend(required)
        except Refused:
            return {
                **refused("insufficient_credits"),
                "available": available,
                "required": required,
            }
        answer = {"spent": spent["spent"], "balance": spent["balance"]}
        self.used[key] = (feature, quantity, answer)
        return {**answer, "outcome": "spent"}

    def _invalid(self, feature: str, quantity: int, key: str) -> str | None:
        """Return the code with which such a spend is refused, whatever the balance."""
        reasons = {
            "invalid_idempotency_key": key == "é",
            "invalid_quantity": quantity < 1,
            "unknown_feature": feature not in PRICES,
            "idempotency_key_reused": key == "held" and bool(self.model.holds),
        }
        return next((code for code, applies in reasons.items() if applies), None)


def refused(code: str) -> dict[str, Any]:
    return {"outcome": "refused", "code": code}


def spend_batch(database: Database, owners: list[Owner], spends: list[Spend]) -> Any:
    asked = [
        {
            "user_id": owners[who].purse.user_id,
            "feature": feature,
            "quantity": quantity,
            "idempotency_key": key,
        }
        for who, feature, quantity, key in spends
    ]
    return Purse(database).call("spend_batch", Jsonb(asked))


@settings(max_examples=examples(cost=5))
@given(
    lots=st.lists(LOTS, min_size=USERS, max_size=USERS),
    held=st.booleans(),
    days=st.sampled_from([0, 0, 2]),
    batches=st.lists(st.lists(SPENDS, max_size=12), min_size=1, max_size=3),
)
def test_a_batch_answers_as_single_spends_would(
    database: Database,
    lots: list[list[tuple[int, int | None]]],
    days: int,
    batches: list[list[Spend]],
    *,
    held: bool,
) -> None:
    owners = [Owner(Purse(database)) for _ in range(USERS + 1)]
    for owner, mine in zip(owners, lots, strict=False):
        for number, (credits_, valid) in enumerate(mine):
            owner.purse.grant(credits_, days=valid, key=f"gift {number}")
            owner.model.grant(credits_, valid)
        if held and owner.model.available >= PRICES["docx_processing"]:
            owner.purse.hold(key="held", seconds=604_800)
            owner.model.hold(PRICES["docx_processing"], 7)
        if days:
            owner.purse.time_passes(days=days)
            owner.model.time_passes(days)

    for spends in batches:
        answers = spend_batch(database, owners, spends)
        expected = [owners[who].expect(*spend) for who, *spend in spends]
        assert [
            {name: answer[name] for name in expectation}
            for answer, expectation in zip(answers, expected, strict=True)
        ] == expected

    for owner in owners:
        owner.purse.adds_up()
        owner.purse.read()
        rows = database.execute(
            "select remaining, held, lapsed from credit_lots where user_id = %s order by id",
            [owner.purse.user_id],
        )
        assert [tuple(row.values()) for row in rows] == owner.model.contents()
        _every_row_follows_the_one_before(owner.purse)


def _every_row_follows_the_one_before(purse: Purse) -> None:
    rows = purse.database.execute(
        "select amount, balance_after from credit_transactions where user_id = %s order by id",
        [purse.user_id],
    ).fetchall()
    balance = 0
    for row in rows:
        balance += row["amount"]
        assert row["balance_after"] == balance


@pytest.fixture(scope="module")
def clients(stack: RunningStack) -> Iterator[list[Database]]:
    connections = [stack.connect() for _ in range(CLIENTS)]
    opened = [connection.__enter__() for connection in connections]
    yield opened
    for connection in connections:
        connection.__exit__(None, None, None)


@settings(max_examples=examples(cost=40), phases=UNSHRUNK)
@given(
    programs=st.lists(
        st.lists(st.lists(SPENDS, min_size=1, max_size=6), min_size=1, max_size=4),
        min_size=CLIENTS,
        max_size=CLIENTS,
    )
)
def test_batches_and_single_spends_at_once_charge_each_key_once(
    database: Database, clients: list[Database], programs: list[list[list[Spend]]]
) -> None:
    owners = [Owner(Purse(database)) for _ in range(USERS + 1)]
    for owner in owners[:USERS]:
        owner.purse.grant(60, key="gift")
    start = Barrier(CLIENTS)

    def batches(client: Database, program: list[list[Spend]]) -> list[tuple[Spend, dict[str, Any]]]:
        start.wait(30)
        return [
            each
            for spends in program
            for each in zip(spends, spend_batch(client, owners, spends), strict=True)
        ]

    def singles(client: Database, program: list[list[Spend]]) -> list[tuple[Spend, dict[str, Any]]]:
        """One of the clients spends one by one."""
        start.wait(30)
        for who, feature, quantity, key in (spend for spends in program for spend in spends):
            Purse(client, owners[who].purse.user_id).refused(
                "spend_credits", owners[who].purse.user_id, feature, quantity, key
            )
        return []

    doing: list[Callable[..., list[tuple[Spend, dict[str, Any]]]]] = [batches] * (CLIENTS - 1)
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = [
            pool.submit(do, client, program)
            for do, client, program in zip([*doing, singles], clients, programs, strict=True)
        ]
        answers = [each for result in done for each in result.result(60)]

    for owner in owners:
        owner.purse.adds_up()
        _every_row_follows_the_one_before(owner.purse)
    posted = {
        (row["user_id"], row["idempotency_key"]): row
        for row in database.execute(
            "select *, user_id::text from credit_transactions"
            " where user_id::text = any (%s) and kind = 'spend'",
            [[owner.purse.user_id for owner in owners]],
        )
    }
    for (who, feature, quantity, key), answer in answers:
        row = posted.get((owners[who].purse.user_id, key))
        if answer["outcome"] in ("spent", "replayed"):
            assert row is not None
            assert (row["feature"], row["quantity"]) == (feature, quantity)
            assert (str(row["id"]), -row["amount"]) == (answer["transaction_id"], answer["spent"])
    fresh = [answer["transaction_id"] for _, answer in answers if answer["outcome"] == "spent"]
    assert len(fresh) == len(set(fresh))


def test_a_locked_user_is_busy_and_stops_nobody_else(
    database: Database, clients: list[Database]
) -> None:
    ann, bob = (Owner(Purse(database)) for _ in range(2))
    for owner in (ann, bob):
        owner.purse.grant(10)
    spends: list[Spend] = [(0, "docx_processing", 1, "k"), (1, "docx_processing", 1, "k")]
    with clients[0].transaction():
        clients[0].execute(
            "select from user_credits where user_id = %s for update", [ann.purse.user_id]
        )
        answers = spend_batch(clients[1], [ann, bob], spends)
        assert [answer["outcome"] for answer in answers] == ["busy", "spent"]
    answers = spend_batch(clients[1], [ann, bob], spends)
    assert [answer["outcome"] for answer in answers] == ["spent", "replayed"]


def test_a_batch_has_at_most_500_spends(database: Database) -> None:
    purse = Purse(database)
    spend = {"user_id": Order().user_id, "feature": "x", "quantity": 1, "idempotency_key": "k"}
    assert len(purse.call("spend_batch", Jsonb([spend] * 500))) == 500
    assert purse.call("spend_batch", Jsonb([])) == []
    assert purse.refused("spend_batch", Jsonb([spend] * 501)) == "PT422"
    assert purse.refused("spend_batch", Jsonb(spend)) == "PT422"
