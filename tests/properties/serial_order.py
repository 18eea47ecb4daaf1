"""Users with something of everything, and the order in which what they did at once happened."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from tests.database.ledger import record
from tests.database.purse import Purse
from tests.properties.model import Bought, Hold, Lot, Model, Spend
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    Database = Connection[dict[str, Any]]

BUSY_SECONDS = 60
DAY_SECONDS = 86_400
T = TypeVar("T")


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
        # Their holds go on, so that a sweep has credits to release.
        self.files = [self.purse.abandoned_upload(held_for=604_800) for _ in range(2)]

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
        try:
            return patiently(lambda: doing[what](*how))
        except psycopg.Error as error:
            return error.sqlstate


@dataclass
class Serial:
    """The model, told what happened since a moment in the order in which the database wrote it."""

    household: Household

    def __post_init__(self) -> None:
        database, user = self.household.purse.database, self.household.purse.user_id
        now = rows(database, "select extract(epoch from now())::float as now", [])[0]["now"]
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
            for row in rows(
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
        held = rows(
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
        return rows(
            self.household.purse.database,
            "select *, extract(epoch from expires_at)::float as lapses"
            " from credit_lots where user_id = %s order by id",
            [self.household.purse.user_id],
        )

    def _ledger(self) -> list[dict[str, Any]]:
        return rows(
            self.household.purse.database,
            "select * from credit_transactions where user_id = %s order by id",
            [self.household.purse.user_id],
        )


def rows(database: Database, query: str, arguments: Any) -> list[dict[str, Any]]:
    """Return what a query finds."""
    return database.execute(query, arguments).fetchall()


def patiently(call: Callable[[], T]) -> T:
    """Call again while a lock is not free: nothing was done, and a client of the site gets `busy`.

    Raises:
        AssertionError: It is still not free after BUSY_SECONDS.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while time.monotonic() < deadline:
        try:
            return call()
        except psycopg.errors.LockNotAvailable:
            continue
    raise AssertionError(f"busy for {BUSY_SECONDS} s")
