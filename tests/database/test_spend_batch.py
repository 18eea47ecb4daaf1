"""spend_batch: each spend by itself; tests/properties/test_batches.py has the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def pair(database: Database) -> tuple[Purse, Purse]:
    """Two users with 10 credits each, in the order of their ids, as a batch takes them."""
    first, second = sorted((Purse(database) for _ in range(2)), key=lambda purse: purse.user_id)
    for purse in (first, second):
        purse.grant(10)
    return first, second


@pytest.fixture
def purse(pair: tuple[Purse, Purse]) -> Purse:
    return pair[0]


def spend(purse: Purse, key: str, quantity: int = 1) -> dict[str, Any]:
    """Return a spend of 5 credits, or of a multiple of them."""
    return {
        "user_id": purse.user_id,
        "feature": "docx_processing",
        "quantity": quantity,
        "idempotency_key": key,
    }


def batch(purse: Purse, *spends: dict[str, Any]) -> list[tuple[str, Any]]:
    """Spend them; return what became of each: its balance, or the code of its refusal."""
    return [
        (answer["outcome"], answer.get("code", answer.get("balance")))
        for answer in purse.call("spend_batch", Jsonb(list(spends)))
    ]


def test_a_refused_spend_does_not_stop_a_later_cheaper_one_of_the_same_user(purse: Purse) -> None:
    answers = batch(
        purse, spend(purse, "dear", 3), spend(purse, "cheap"), spend(purse, "cheap too")
    )
    assert answers == [("refused", "insufficient_credits"), ("spent", 5), ("spent", 0)]
    purse.adds_up()


def test_the_same_key_twice_is_one_spend(purse: Purse) -> None:
    answers = batch(purse, spend(purse, "k"), spend(purse, "k"), spend(purse, "k", 2))
    assert answers == [("spent", 5), ("replayed", 5), ("refused", "idempotency_key_reused")]
    assert purse.ledger()[1:] == [("spend", -5)]


def test_the_same_key_of_two_users_is_two_spends(pair: tuple[Purse, Purse]) -> None:
    first, second = pair
    answers = batch(
        first,
        *(spend(first, "other"), spend(first, "k"), spend(second, "k")),
        *(spend(second, "k"), spend(first, "k")),
    )
    assert answers == [("spent", 5), ("spent", 0), ("spent", 5), ("replayed", 5), ("replayed", 0)]


def test_each_answer_is_at_the_place_of_its_spend(pair: tuple[Purse, Purse]) -> None:
    first, second = pair
    answers = batch(first, spend(second, "a", 3), spend(first, "b"), spend(second, "c"))
    assert answers == [("refused", "insufficient_credits"), ("spent", 5), ("spent", 5)]


def test_a_batch_that_is_sent_again_spends_what_was_refused_only(purse: Purse) -> None:
    spends = spend(purse, "a"), spend(purse, "b", 2)
    assert batch(purse, *spends) == [("spent", 5), ("refused", "insufficient_credits")]
    purse.grant(5)
    assert batch(purse, *spends) == [("replayed", 5), ("spent", 0)]


def test_a_spend_that_was_reversed_is_not_replayed(purse: Purse) -> None:
    spent = purse.spend(key="k")
    purse.reverse(spent["transaction_id"])
    assert batch(purse, spend(purse, "k")) == [("refused", "spend_reversed")]


def test_what_is_held_is_not_spent_and_its_key_is_taken(purse: Purse) -> None:
    purse.hold(key="held")
    answers = batch(purse, spend(purse, "dear", 2), spend(purse, "held"), spend(purse, "k"))
    assert answers == [
        ("refused", "insufficient_credits"),
        ("refused", "idempotency_key_reused"),
        ("spent", 5),
    ]
    purse.adds_up()


def test_what_has_expired_is_not_spent(purse: Purse) -> None:
    purse.grant(10, days=1)
    purse.time_passes(days=2)
    answers = batch(purse, spend(purse, "dear", 3), spend(purse, "k", 2))
    assert answers == [("refused", "insufficient_credits"), ("spent", 0)]
    purse.adds_up()


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("idempotency_key", "invalid_idempotency_key"),
        ("quantity", "invalid_quantity"),
        ("feature", "unknown_feature"),
        ("user_id", "insufficient_credits"),
    ],
)
def test_a_spend_without_one_of_its_fields_is_refused_and_stops_no_other(
    purse: Purse, missing: str, code: str
) -> None:
    answers = batch(purse, {**spend(purse, "a"), missing: None}, spend(purse, "b"))
    assert answers == [("refused", code), ("spent", 5)]


def test_a_batch_that_empties_a_balance_announces_it(purse: Purse) -> None:
    batch(purse, spend(purse, "a"), spend(purse, "b"))
    rows = purse.database.execute(
        "select type from outbox_events where user_id = %s and type = 'credits.depleted'",
        [purse.user_id],
    ).fetchall()
    assert len(rows) == 1
