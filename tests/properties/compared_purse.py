"""One user's purse in the database and in the model: both are asked the same and are compared."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.database.purse import Purse
from tests.properties.model import Bought, Hold, Model, Refused, Spend

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from tests.stripe_events import Order, Reversal

    Database = Connection[dict[str, Any]]


@dataclass
class Purchase:
    """An order, and what the model thinks of it."""

    order: Order
    model: Bought
    paid_at: int
    told: bool = False


@dataclass
class Refund:
    """Money on its way back."""

    purchase: Purchase
    reversal: Reversal
    amount: int
    status: str = ""


@dataclass(frozen=True)
class Request:
    """What was asked for under a key, and what came of it."""

    function: str
    key: str
    arguments: dict[str, Any]
    answer: dict[str, Any]
    hold: Hold | None = None
    spend: Spend | None = None


@dataclass(frozen=True)
class Moment:
    """What there was at a moment, whose it was, and how far time had been moved by then."""

    user_id: str
    at: Any
    days_moved: float
    account: tuple[int, int, int]
    contents: list[tuple[int, int, int]]


class ComparedPurse(RuleBasedStateMachine):
    """The state of a history without its rules: how to ask, and what must hold after each step."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.purse = Purse(self.database)
        self.left: list[Purse] = []
        self.model = Model()
        self.purchases: list[Purchase] = []
        self.refunds: list[Refund] = []
        self.requests: list[Request] = []
        self.holds: list[tuple[str, Hold]] = []
        self.spends: list[tuple[str, Spend]] = []
        self.undone_at: dict[str, float] = {}
        self.moments: list[Moment] = []
        self.unused_keys: list[str] = []
        self.read_at = 0.0

    # Asking -------------------------------------------------------------------------------------

    def asks(
        self, function: str, arguments: tuple[Any, ...], expect: Callable[[], dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Ask the database what the model is asked; return the answer, None if both refuse."""
        refused, expected = None, {}
        try:
            expected = expect()
        except Refused as refusal:
            refused = str(refusal)
        if refused:
            assert self.purse.refused(function, *arguments) == refused
            return None
        answer: dict[str, Any] = self.purse.call(function, *arguments)
        assert {name: answer[name] for name in expected} == expected
        return answer

    def asks_under_a_key(
        self, function: str, arguments: dict[str, Any], expect: Callable[[], dict[str, Any]]
    ) -> Request | None:
        """Ask under a new key, or under one whose request was refused: that one is free again."""
        if not self.unused_keys:
            self.unused_keys.append(f"key {len(self.requests)}")
        answer = self.asks(function, self.in_order(arguments, self.unused_keys[-1]), expect)
        if answer is None:
            return None
        self.requests.append(Request(function, self.unused_keys.pop(), arguments, answer))
        return self.requests[-1]

    def in_order(self, arguments: dict[str, Any], under: str) -> tuple[Any, ...]:
        """Put the key where the function has it: before how long."""
        values = [*arguments.values()]
        last = [values.pop()] if "until" in arguments else []
        return (self.purse.user_id, *values, under, *last)

    # Time ---------------------------------------------------------------------------------------

    def look(self) -> int:
        """Write what has expired, as any movement or read does; return the balance."""
        if not self.model.deleted:
            return self.purse.balance
        row = self.database.execute(
            "select (purse.lock_account(%s)).balance", [self.purse.user_id]
        ).fetchone()
        assert row is not None
        balance: int = row["balance"]
        return balance

    def shift(self, days: int) -> None:
        """Let time pass for everything in the purse, and for what moving it left behind."""
        for purse in (*self.left, self.purse):
            purse.time_passes(days=days)

    # What holds at every moment -----------------------------------------------------------------

    @invariant()
    def the_database_holds_what_the_model_holds(self) -> None:
        """Explaining writes nothing: what has lapsed unwritten meets the next request as it is."""
        self.purse.adds_up()
        row = self.database.execute(
            """
            select explain_balance(%(user)s) as now, clock_timestamp() as at, array(
                select jsonb_build_array(
                    p.credits_posted, coalesce(l.forgiven, 0),
                    p.credits_posted = purse.purchase_target(p)
                )
                from purchases p
                left join credit_lots l on l.purchase_id = p.id
                where p.user_id = %(user)s
            ) as purchases
            """,
            {"user": self.purse.user_id},
        ).fetchone()
        assert row is not None
        account, contents = self.account(), self.model.contents()
        assert self.told(row["now"]) == (account, contents)
        assert sorted(row["purchases"]) == sorted(
            [each.model.posted, each.model.forgiven, True] for each in self.purchases if each.told
        )
        self.moments.append(
            Moment(self.purse.user_id, row["at"], self.model.now, account, contents)
        )
        if self.read_at < self.model.now:
            self.reading_says_the_same()

    def reading_says_the_same(self) -> None:
        """Read after time has passed and at the end: what it writes of that is undone again.

        In between it could say nothing that adds_up has not seen.
        """
        with self.database.transaction(force_rollback=True):
            balance = self.look()
            answer = None if self.model.deleted else self.purse.read(limit=1)
            rows = self.database.execute(
                "select remaining, held, lapsed from credit_lots where user_id = %s order by id",
                [self.purse.user_id],
            ).fetchall()
            self.purse.adds_up()
        assert balance == self.model.balance
        assert [(*row.values(),) for row in rows] == self.model.contents()
        if answer:
            account = tuple(answer[name] for name in ("balance", "held", "available"))
            assert account == self.account()
            (last,) = answer["transactions"] or [{"balance_after": balance}]
            assert last["balance_after"] == balance
        self.read_at = self.model.now

    def account(self) -> tuple[int, int, int]:
        """Return what the model has: balance, held, available."""
        return self.model.balance, self.model.held, self.model.available

    @staticmethod
    def told(
        explained: dict[str, Any],
    ) -> tuple[tuple[int, int, int], list[tuple[int, int, int]]]:
        """Return of an explained balance the account, and the lots by their age."""
        lots = sorted(explained["lots"], key=lambda lot: int(lot["lot_id"]))
        burned = [lot["lot_id"] for lot in explained["lots"]]
        assert burned == [
            lot["lot_id"]
            for lot in sorted(lots, key=lambda lot: (lot["expires_at"] or "9", int(lot["lot_id"])))
        ]
        return (
            (explained["balance"], explained["held"], explained["available"]),
            [(lot["remaining"], lot["held"], lot["lapsed"]) for lot in lots],
        )

    def teardown(self) -> None:
        """Reading says the same, and every earlier moment is explained as it was.

        Passing time has moved what is stored of lots and holds, but not the ledger. For a moment
        from before, all that was moved since is moved back: what was there then has its own times
        again, what came later is later still, and the ledger was never touched.
        """
        self.reading_says_the_same()
        for days_moved, moments in groupby(self.moments, key=lambda moment: moment.days_moved):
            then = list(moments)
            with self.database.transaction(force_rollback=True):
                if days_moved < self.model.now:
                    self.shift(int(days_moved - self.model.now))
                rows = self.database.execute(
                    "select explain_balance(id, at) as then"
                    " from unnest(%s::uuid[], %s::timestamptz[]) as moments (id, at)",
                    [[moment.user_id for moment in then], [moment.at for moment in then]],
                ).fetchall()
            for moment, row in zip(then, rows, strict=True):
                assert self.told(row["then"]) == (moment.account, moment.contents)
