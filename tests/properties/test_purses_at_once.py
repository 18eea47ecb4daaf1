"""Several clients at one purse, or at two: whatever they do at once, some order of it explains all.

Each client runs a program of its own on a connection of its own. What the database then has written
says in which order things happened; done in that order, one after the other, the model must come to
the same, movement by movement and lot by lot.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database.purse import Purse
from tests.profiles import examples
from tests.properties.serial_order import Household, Serial, patiently, rows
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

CLIENTS = 4
# A race that was lost once is not lost each time: making the example smaller would go on for ever.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
# Not done, and rightly so. Anything else, a deadlock (40P01) above all, is a fault.
REFUSALS = {"PT402", "PT409"}

NUMBERS = st.integers(0, 2)
KEYS = st.sampled_from(["one", "two", "three"])
FEATURES = st.sampled_from(["docx_processing", "audio_upload"])
POLICIES = st.sampled_from(["debt", "clamp"])
ACTS = st.one_of(
    st.tuples(st.just("spend"), st.integers(1, 3), FEATURES, KEYS),
    st.tuples(st.just("hold"), st.integers(1, 2), FEATURES, KEYS),
    st.tuples(st.just("capture"), NUMBERS, st.sampled_from([None, 2])),
    st.tuples(st.just("release"), NUMBERS),
    st.tuples(st.just("reverse"), NUMBERS),
    st.tuples(st.just("grant"), st.integers(1, 20), KEYS),
    st.tuples(st.just("correct"), st.integers(1, 20), KEYS),
    st.tuples(st.just("tell"), NUMBERS, st.sampled_from(["record_facts", "reconcile_facts"])),
    st.tuples(
        st.just("refund"), NUMBERS, st.sampled_from(["succeeded", "succeeded", "failed"]), POLICIES
    ),
    st.tuples(st.just("rehearse"), st.permutations(range(6))),
    st.tuples(st.just("lapse")),
    st.tuples(st.just("lease"), st.integers(0, 1)),
    st.tuples(st.just("sweep"), st.permutations(range(4))),
    st.tuples(st.just("read")),
)


@pytest.fixture(scope="module")
def clients(stack: RunningStack) -> Iterator[list[Database]]:
    with ExitStack() as open_:
        connections = [open_.enter_context(stack.connect()) for _ in range(CLIENTS)]
        yield connections


PROGRAM = st.lists(st.tuples(st.integers(0, 1), ACTS), min_size=3, max_size=8)


@settings(max_examples=examples(cost=20), phases=UNSHRUNK)
@given(
    programs=st.lists(PROGRAM, min_size=CLIENTS, max_size=CLIENTS),
    users=st.integers(1, 2),
    something_lapsed=st.booleans(),
)
def test_whatever_clients_do_at_once_some_order_explains_it(
    database: Database,
    clients: list[Database],
    programs: list[list[tuple[int, tuple[Any, ...]]]],
    users: int,
    *,
    something_lapsed: bool,
) -> None:
    households = [Household(database) for _ in range(users)]
    if something_lapsed:
        for household in households:
            household.purse.time_passes(days=1)
    serials = [Serial(household) for household in households]
    # A rehearsal is of whatever Stripe has, of all users.
    facts = [household.facts[each] for each in range(6) for household in households][:6]
    files = [household.files[each] for each in range(2) for household in households]
    start = Barrier(CLIENTS)

    def run(client: Database, program: list[tuple[int, tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
        start.wait(30)
        return [
            (who % users, act, households[who % users].do(act, client, facts, files))
            for who, act in program
        ]

    with ThreadPoolExecutor(CLIENTS) as pool:
        done = [each for result in pool.map(run, clients, programs) for each in result]

    for each in done:
        note(str(each)[:200])
    refused = {answer for _, _, answer in done if isinstance(answer, str)}
    assert refused <= REFUSALS
    for number, (household, serial) in enumerate(zip(households, serials, strict=True)):
        household.purse.adds_up()
        serial.explain()
        _each_key_was_charged_once(household, [(act, a) for who, act, a in done if who == number])
        _every_purchase_is_settled(household)
        household.purse.adds_up()
    for _, act, answer in done:
        if act[0] == "read":
            assert answer["balance"] == answer["transactions"][0]["balance_after"]


def _each_key_was_charged_once(
    household: Household, done: list[tuple[tuple[Any, ...], Any]]
) -> None:
    for key in ("one", "two", "three"):
        answers = [
            answer
            for act, answer in done
            if act[0] in ("spend", "hold", "grant", "correct")
            and act[-1] == key
            and isinstance(answer, dict)
        ]
        assert [answer["replayed"] for answer in answers].count(False) == min(len(answers), 1)
        assert len({answer.get("transaction_id") or answer["hold_id"] for answer in answers}) <= 1
        [row] = rows(
            household.purse.database,
            """
            select (select count(*) from credit_transactions t
                    where t.user_id = %(user)s and t.idempotency_key = %(key)s)
                + (select count(*) from credit_holds h
                    where h.user_id = %(user)s and h.idempotency_key = %(key)s) as uses
            """,
            {"user": household.purse.user_id, "key": key},
        )
        assert row["uses"] == min(len(answers), 1)


def _every_purchase_is_settled(household: Household) -> None:
    purchases = rows(
        household.purse.database,
        """
        select credits_posted as held, purse.purchase_target(p) as due
        from purchases p where user_id = %s
        """,
        [household.purse.user_id],
    )
    assert all(row["held"] == row["due"] for row in purchases), purchases


def _refusal(client: Database, function: str, *arguments: Any) -> str | None:
    """Call until it is not busy; return the SQLSTATE of a refusal."""
    try:
        patiently(lambda: Purse(client).call(function, *arguments))
    except psycopg.Error as error:
        return error.sqlstate
    return None


@settings(max_examples=examples(cost=100), phases=UNSHRUNK)
@given(data=st.data(), refunded=st.lists(st.integers(0, 10), min_size=8, max_size=8))
def test_many_purchases_of_one_user_settle_beside_spending_and_rehearsals(
    database: Database, clients: list[Database], data: st.DataObject, refunded: list[int]
) -> None:
    purse = Purse(database)
    purse.grant(50)
    orders = [
        Order(user_id=purse.user_id, credits=10, unit_amount=10, valid_days=days)
        for days in (None, 1, 3, 30) * 2
    ]
    # Each is told to be paid, and refunded in part, in any order and more than once.
    facts = [order.facts("paid", at=4_000_000_000) for order in orders] + [
        Reversal(order).refund(amount)
        for order, amount in zip(orders, refunded, strict=True)
        if amount
    ]
    told = [data.draw(st.permutations(facts)) for _ in range(2)]
    rehearsed = data.draw(st.permutations(facts))
    start = Barrier(CLIENTS)

    def tell(client: Database, history: list[dict[str, Any]], how: str) -> list[str | None]:
        start.wait(30)
        return [_refusal(client, how, Jsonb(fact), "debt") for fact in history]

    def rehearse(client: Database) -> list[str | None]:
        start.wait(30)
        halves = rehearsed[::2], rehearsed[1::2], rehearsed
        return [_refusal(client, "rehearse_facts", Jsonb(half), "debt") for half in halves]

    def spend(client: Database) -> list[str | None]:
        """Beyond what there is for sure."""
        start.wait(30)
        return [
            _refusal(client, "spend_credits", purse.user_id, "docx_processing", 1, f"{number}")
            for number in range(12)
        ]

    with ThreadPoolExecutor(CLIENTS) as pool:
        outcomes = [
            pool.submit(tell, clients[0], told[0], "record_facts"),
            pool.submit(tell, clients[1], told[1], "reconcile_facts"),
            pool.submit(rehearse, clients[2]),
            pool.submit(spend, clients[3]),
        ]
        *settled, spent = [outcome.result(60) for outcome in outcomes]

    assert {refusal for each in settled for refusal in each} == {None}
    assert set(spent) <= {None, "PT402"}
    assert purse.balance == 50 + 80 - sum(refunded) - 5 * spent.count(None)
    assert spent.count(None) >= 10
    assert all(kind != "expiry" for kind, _ in purse.ledger())
    purse.adds_up()
