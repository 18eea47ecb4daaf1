"""Several clients at one purse, or at two: whatever they do at once, some order of it explains all.

Each client runs a program of its own on a connection of its own. What the database then has written
says in which order things happened; done in that order, one after the other, the model must come to
the same, movement by movement and lot by lot.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database.ledger import record
from tests.database.purse import Purse
from tests.profiles import examples
from tests.properties.model import Bought, Hold, Lot, Model, Spend
from tests.support import Order, Reversal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

CLIENTS = 4
# A race that was lost once is not lost each time: making the example smaller would go on for ever.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
DAY_SECONDS = 86_400
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


class Household:
    """A user with something of everything: packs, a gift, holds, spends, an order yet untold."""

    def __init__(self, database: Database) -> None:
        self.purse = Purse(database)
        user = self.purse.user_id
        self.orders = [
            Order(user_id=user, credits=20, unit_amount=20),
            Order(user_id=user, credits=15, unit_amount=15, valid_days=3),
            Order(user_id=user, credits=9, unit_amount=9),
        ]
        self.refunds = [Reversal(order) for order in self.orders]
        # Days later than any test, lest it has lapsed by the clock.
        self.facts = [order.facts("paid", at=4_000_000_000) for order in self.orders]
        self.facts += [
            refund.refund(order.credits - 2)
            for refund, order in zip(self.refunds, self.orders, strict=True)
        ]
        record(database, *self.facts[:2])
        self.purse.grant(10, days=1)
        spent = [self.purse.spend(1, "docx_processing") for _ in range(3)]
        self.spends = [int(answer["transaction_id"]) for answer in spent]
        held = [
            self.purse.hold(1, seconds=seconds) for seconds in (DAY_SECONDS // 2, 604_800, 604_800)
        ]
        self.holds = [answer["hold_id"] for answer in held]
        self.files = [self._abandoned_file() for _ in range(2)]

    def _abandoned_file(self) -> str:
        """An upload whose time is over. Its hold is not, so that a sweep has credits to release."""
        file_id: str = self.purse.call(
            "begin_file",
            *(self.purse.user_id, "audio_upload", "a.mp3", 10, "audio/mpeg", None, 604_800, []),
        )["file"]["id"]
        self.purse.database.execute(
            "update files set expires_at = now() - interval '2 hours' where id = %s", [file_id]
        )
        return file_id

    def do(
        self,
        act: tuple[Any, ...],
        client: Database,
        facts: list[dict[str, Any]],
        files: list[str],
    ) -> Any:
        """Do what a program says; return the answer, or the SQLSTATE of a refusal."""
        what, *how = act
        purse = Purse(client, self.purse.user_id)
        doing: dict[str, Callable[..., Any]] = {
            "spend": lambda count, feature, key: purse.spend(count, feature, key=key),
            "hold": lambda count, feature, key: purse.hold(count, feature, key=key),
            "capture": lambda which, credits_: purse.capture(self.holds[which], credits_),
            "release": lambda which: purse.release(self.holds[which]),
            "reverse": lambda which: purse.reverse(str(self.spends[which])),
            "grant": lambda credits_, key: purse.grant(credits_, key=key),
            "correct": lambda credits_, key: purse.grant(-credits_, "correction", key=key),
            "tell": lambda which, how: purse.call(how, Jsonb(self.facts[which]), "debt"),
            "refund": lambda which, status, policy: purse.call(
                "record_facts",
                Jsonb(self.refunds[which].refund(self.orders[which].credits - 2, status)),
                policy,
            ),
            "rehearse": lambda order: purse.call(
                "rehearse_facts", Jsonb([facts[each] for each in order])
            ),
            "lapse": lambda: purse.call("expire_credits", 100),
            "lease": lambda which: purse.call(
                "lease_file", purse.user_id, self.files[which], 60, True
            ),
            "sweep": lambda order: purse.call(
                "mark_swept", [UUID(files[each % len(files)]) for each in order]
            ),
            "read": purse.read,
        }
        while True:
            try:
                return doing[what](*how)
            except psycopg.errors.LockNotAvailable:
                # Answered as 503 `busy`: nothing was done, and the caller tries again.
                continue
            except psycopg.Error as error:
                return error.sqlstate


@dataclass
class Serial:
    """The model, told what happened since a moment in the order in which the database wrote it."""

    household: Household

    def __post_init__(self) -> None:
        database, user = self.household.purse.database, self.household.purse.user_id
        now = _rows(database, "select extract(epoch from now())::float as now", [])[0]["now"]
        self.model = Model()
        self.model.now = now
        self.lots: dict[str, Lot] = {}
        for row in self._lots():
            self._add(row)
        self.bought = {
            row["purchase_id"]: Bought(0, lot=self.lots[str(row["id"])], was_posted=True)
            for row in self._lots()
            if row["purchase_id"]
        }
        self.holds = {
            row["id"]: Hold(self._parts(row["lots"]), row["lapses"])
            for row in _rows(
                database,
                "select *, extract(epoch from expires_at)::float as lapses"
                " from credit_holds where user_id = %s and status = 'held'",
                [user],
            )
        }
        self.model.holds.extend(self.holds.values())
        self.spends = {
            row["id"]: Spend(self._parts(row["lots"]))
            for row in self._ledger()
            if row["kind"] == "spend"
        }
        self.written = {row["id"] for row in self._ledger()}
        self.model.time_passes(0)

    def explain(self) -> None:
        """Do again what happened, one after the other, and compare."""
        self.household.purse.read()
        held = _rows(
            self.household.purse.database,
            "select * from credit_holds where user_id = %s and status <> 'lapsed'",
            [self.household.purse.user_id],
        )
        events: list[tuple[Any, Callable[[], None]]] = [
            (row["created_at"], lambda row=row: self._moved(row))
            for row in self._ledger()
            if row["id"] not in self.written
        ]
        events += [
            (row["created_at"], lambda row=row: self._held(row))
            for row in held
            if row["id"] not in self.holds
        ]
        events += [
            (row["ended_at"], lambda row=row: self._released(row))
            for row in held
            if row["status"] == "released"
        ]
        for _, happens in sorted(events, key=lambda event: event[0]):
            happens()
        assert self.model.contents() == [
            (row["remaining"], row["held"], row["lapsed"]) for row in self._lots()
        ]

    def _moved(self, row: dict[str, Any]) -> None:
        """One row of the ledger: the model moves the same from and to the same lots."""
        kind, amount, model = row["kind"], row["amount"], self.model
        if kind in ("expiry", "expiry_reversal"):
            return
        if kind in ("purchase", "giveback", "clawback"):
            bought = self.bought.setdefault(row["purchase_id"], Bought(0))
            bought.lot = bought.lot or self._new_lot("purchase_id", row["purchase_id"])
            if amount > 0:
                moved = model.fill(bought.lot, amount, bought)
            else:
                moved = model.take_back(bought, bought.lot, -amount)
        elif kind == "spend" and row["hold_id"]:
            spend, _ = model.capture(self.holds[row["hold_id"]], -amount)
            assert spend is not None
            moved = spend.parts
        elif kind == "reversal":
            moved = self.spends[row["reverses_id"]].parts
            assert model.reverse(self.spends[row["reverses_id"]])["replayed"] is False
        elif amount < 0:
            spend, answer = model.spend(-amount)
            assert answer["balance"] == row["balance_after"]
            moved = spend.parts
        else:
            lot = self._new_lot("name", row["reason"])
            moved = model.fill(lot, amount)
        assert moved == {self.lots[lot]: abs(credits_) for lot, credits_ in row["lots"].items()}, (
            row
        )

    def _held(self, row: dict[str, Any]) -> None:
        hold, _ = self.model.hold(row["credits"], 7 * DAY_SECONDS)
        assert hold.parts == self._parts(row["lots"])
        self.holds[row["id"]] = hold

    def _released(self, row: dict[str, Any]) -> None:
        assert self.model.release(self.holds[row["id"]])["status"] == "released"

    def _new_lot(self, column: str, value: Any) -> Lot:
        """Add the next lot there is; lots are made in the order of what happens."""
        row = next(row for row in self._lots() if str(row["id"]) not in self.lots)
        assert row[column] == value
        return self._add(row, empty=True)

    def _add(self, row: dict[str, Any], *, empty: bool = False) -> Lot:
        there = (0, 0, 0) if empty else (row["remaining"], row["held"], row["lapsed"])
        lot = Lot(float("inf") if row["lapses"] is None else row["lapses"], *there)
        self.lots[str(row["id"])] = lot
        self.model.lots.append(lot)
        return lot

    def _parts(self, lots: dict[str, int]) -> Counter[Lot]:
        in_burn_order = sorted(lots, key=lambda lot: (self.lots[lot].lapses, int(lot)))
        return Counter({self.lots[lot]: abs(lots[lot]) for lot in in_burn_order})

    def _lots(self) -> list[dict[str, Any]]:
        return _rows(
            self.household.purse.database,
            "select *, extract(epoch from expires_at)::float as lapses"
            " from credit_lots where user_id = %s order by id",
            [self.household.purse.user_id],
        )

    def _ledger(self) -> list[dict[str, Any]]:
        return _rows(
            self.household.purse.database,
            "select * from credit_transactions where user_id = %s order by id",
            [self.household.purse.user_id],
        )


def _rows(database: Database, query: str, arguments: list[Any]) -> list[dict[str, Any]]:
    return database.execute(query, arguments).fetchall()


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
        [row] = _rows(
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
    rows = _rows(
        household.purse.database,
        """
        select credits_posted as held, purse.purchase_target(p) as due
        from purchases p where user_id = %s
        """,
        [household.purse.user_id],
    )
    assert all(row["held"] == row["due"] for row in rows), rows


def _patiently(client: Database, function: str, *arguments: Any) -> str | None:
    """Call until it is not busy; return the SQLSTATE of a refusal."""
    while (refusal := Purse(client).refused(function, *arguments)) == "55P03":
        pass
    return refusal


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
        return [_patiently(client, how, Jsonb(fact), "debt") for fact in history]

    def rehearse(client: Database) -> list[str | None]:
        start.wait(30)
        halves = rehearsed[::2], rehearsed[1::2], rehearsed
        return [_patiently(client, "rehearse_facts", Jsonb(half), "debt") for half in halves]

    def spend(client: Database) -> list[str | None]:
        """Beyond what there is for sure."""
        start.wait(30)
        return [
            _patiently(client, "spend_credits", purse.user_id, "docx_processing", 1, f"{number}")
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
