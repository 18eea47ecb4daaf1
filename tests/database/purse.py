"""One user's purse, as our server reaches it: buying, giving, spending, and what then is there."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from tests.database.ledger import record
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    Database = Connection[dict[str, Any]]


def key() -> str:
    """Return an idempotency key that nobody used."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Purse:
    """A user and a connection; every call is a transaction of its own."""

    database: Database
    user_id: str = field(default_factory=lambda: Order().user_id)

    def refused(self, function: str, *arguments: Any) -> str | None:
        """Call a function; return the SQLSTATE it was refused with, if it was."""
        try:
            self.call(function, *arguments)
        except psycopg.Error as error:
            return error.sqlstate
        return None

    def refusal(
        self, function: str | Callable[..., Any], *arguments: Any, **more: Any
    ) -> tuple[str | None, str | None]:
        """Call a function of ours, by its name or by a method here; return SQLSTATE and detail.

        Raises:
            AssertionError: It was not refused.
        """
        try:
            if isinstance(function, str):
                self.call(function, *arguments)
            else:
                function(*arguments, **more)
        except psycopg.Error as error:
            return error.sqlstate, error.diag.message_detail
        raise AssertionError(f"{function} was not refused")

    def refused_within(self, database: Database, function: str, *arguments: Any) -> str | None:
        """Do the same inside a transaction, which goes on after the refusal."""
        try:
            with database.transaction():
                self.call(function, *arguments)
        except psycopg.Error as error:
            return error.sqlstate
        return None

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function of ours; return its JSON."""
        places = ", ".join(["%s"] * len(arguments))
        row = self.database.execute(
            f"select {function}({places}) as answer",
            arguments,
        ).fetchone()
        assert row is not None
        return row["answer"]

    # What comes in ------------------------------------------------------------------------------

    def buy(
        self, credits_: int, *, valid_days: int | None = None, at: int = 1_700_000_000
    ) -> Order:
        """Buy so many credits, for as many minor units; paid at so many seconds since 1970."""
        order = Order(
            user_id=self.user_id, credits=credits_, unit_amount=credits_, valid_days=valid_days
        )
        record(self.database, order.facts("paid", at=at))
        return order

    def refund(self, order: Order, amount: int, *, policy: str = "debt") -> Reversal:
        """Give so many minor units, each a credit, back; return the refund, which may yet fail."""
        reversal = Reversal(order)
        record(self.database, reversal.refund(amount), policy=policy)
        return reversal

    def grant(
        self, credits_: int, kind: str = "bonus", *, days: int | None = None, **more: Any
    ) -> Any:
        """Give or correct; ann does it."""
        return self.call(
            "grant_credits",
            *(self.user_id, credits_, kind, "ann", more.get("reason", "because")),
            *(more.get("key", key()), days),
        )

    # What goes out ------------------------------------------------------------------------------

    def spend(self, quantity: int = 1, feature: str = "docx_processing", **more: Any) -> Any:
        """Use a feature; DOCX processing costs five."""
        return self.call("spend_credits", self.user_id, feature, quantity, more.get("key", key()))

    def hold(self, quantity: int = 1, feature: str = "docx_processing", **more: Any) -> Any:
        """Set aside what a feature costs."""
        return self.call(
            "hold_credits",
            *(self.user_id, feature, quantity, more.get("key", key()), more.get("seconds", 900)),
        )

    def capture(
        self, hold_id: str, credits_: int | None = None, *, at_most: int | None = None
    ) -> Any:
        """Spend what was set aside, or another amount up to a bound."""
        return self.call("capture_hold", hold_id, credits_, at_most)

    def release(self, hold_id: str) -> Any:
        """Give it back."""
        return self.call("release_hold", hold_id)

    def reverse(self, transaction_id: str) -> Any:
        """Undo a spend; ann does it."""
        return self.call("reverse_spend", int(transaction_id), "ann", "it failed")

    def abandoned_upload(self, *, held_for: int = 900) -> str:
        """Begin an upload whose time is over; its hold is not. Return the file's id."""
        file_id: str = self.call(
            "begin_file",
            *(self.user_id, "audio_upload", "a.mp3", 10, "audio/mpeg", None, held_for, []),
        )["file"]["id"]
        self.database.execute(
            "update files set expires_at = now() - interval '2 hours' where id = %s", [file_id]
        )
        return file_id

    # What is there ------------------------------------------------------------------------------

    def read(self, **arguments: Any) -> Any:
        """Read what GET /api/credits answers."""
        return self.call(
            "refresh_credits",
            *(self.user_id, arguments.get("limit", 50), arguments.get("cursor"), None),
            *(arguments.get("low_threshold"), arguments.get("usage", False)),
        )

    def explain(self, at: Any) -> Any:
        """Explain the balance of a moment."""
        return self.call("explain_balance", self.user_id, at)

    @property
    def balance(self) -> int:
        """The balance as it is."""
        balance: int = self.read()["balance"]
        return balance

    @property
    def available(self) -> int:
        """What can be spent."""
        available: int = self.read()["available"]
        return available

    def lots(self) -> list[int]:
        """Return what is left of each lot, oldest first."""
        return [row["remaining"] for row in self._rows("credit_lots")]

    def ledger(self) -> list[tuple[str, int]]:
        """Return kind and amount of every movement, oldest first."""
        return [(row["kind"], row["amount"]) for row in self._rows("credit_transactions")]

    def holds(self) -> list[tuple[str, int]]:
        """Return status and captured credits of every hold, oldest first."""
        rows = self.database.execute(
            "select status, captured from credit_holds where user_id = %s order by created_at",
            [self.user_id],
        )
        return [(row["status"], row["captured"]) for row in rows]

    def adds_up(self) -> None:
        """Assert what holds at every moment: balance, transactions, lots and holds agree."""
        row = self.database.execute(
            """
            select u.balance, u.held,
                (select coalesce(sum(t.amount), 0)::bigint from credit_transactions t
                    where t.user_id = u.user_id) as transactions,
                (select coalesce(sum(l.remaining), 0)::bigint from credit_lots l
                    where l.user_id = u.user_id) as lots,
                (select coalesce(sum(l.held), 0)::bigint from credit_lots l
                    where l.user_id = u.user_id) as held_in_lots,
                (select coalesce(sum(h.credits), 0)::bigint from credit_holds h
                    where h.user_id = u.user_id and h.status = 'held') as held_by_holds,
                not exists (
                    select from credit_lots l
                    where l.user_id = u.user_id and l.remaining <> (
                        select coalesce(sum(e.value::bigint), 0)
                        from credit_transactions t, jsonb_each_text(t.lots) e
                        where t.user_id = u.user_id and e.key = l.id::text
                    )
                ) as lots_follow_the_ledger,
                not exists (
                    select from credit_transactions t
                    where t.user_id = u.user_id and t.amount <> (
                        select sum(e.value::bigint) from jsonb_each_text(t.lots) e
                    )
                ) as rows_are_the_sum_of_their_lots,
                u.next_lot_free is null or exists (
                    select from credit_lot_rows n
                    where n.id = u.next_lot_id and n.user_id = u.user_id
                        and u.next_lot_free between 0 and n.remaining - n.held
                        and not exists (
                            select from credit_lots l
                            where l.user_id = u.user_id and l.remaining > l.held
                                and (coalesce(l.expires_at, 'infinity'), l.id)
                                    < (coalesce(n.expires_at, 'infinity'), n.id)
                        )
                ) as the_next_lot_is_noted_right,
                not exists (
                    select from credit_holds h
                    where h.user_id = u.user_id and (
                        not u.has_held
                        or h.status = 'held' and h.expires_at < coalesce(u.lapses_at, 'infinity')
                    )
                ) as no_hold_is_overlooked
            from user_credits u where u.user_id = %s
            """,
            [self.user_id],
        ).fetchone()
        if row is None:
            self._has_nothing()
            return
        assert row["balance"] == row["transactions"] == row["lots"], row
        assert row["held"] == row["held_in_lots"] == row["held_by_holds"], row
        assert row["lots_follow_the_ledger"], row
        assert row["rows_are_the_sum_of_their_lots"], row
        assert row["the_next_lot_is_noted_right"], row
        assert row["no_hold_is_overlooked"], row

    # Time ---------------------------------------------------------------------------------------

    def time_passes(self, **by: int) -> None:
        """Let time go by for this user: all that is theirs was so much earlier."""
        for table, columns in (
            ("credit_lot_rows", ("created_at", "expires_at")),
            ("credit_holds", ("created_at", "expires_at", "ended_at")),
            ("user_credits", ("created_at", "lapses_at")),
            ("purchases", ("created_at", "paid_at")),
        ):
            ago = f"make_interval({_interval(by)})"
            moved = ", ".join(f"{column} = {column} - {ago}" for column in columns)
            self.database.execute(
                f"update {table} set {moved} where user_id = %s",
                [self.user_id],
            )

    def _has_nothing(self) -> None:
        """Assert that without an account there are no transactions, lots or holds either."""
        for table in ("credit_transactions", "credit_lots", "credit_holds"):
            assert self._rows(table) == []

    def _rows(self, table: str) -> list[dict[str, Any]]:
        return self.database.execute(
            f"select * from {table} where user_id = %s order by id",
            [self.user_id],
        ).fetchall()


def _interval(by: dict[str, int]) -> str:
    return ", ".join(f"{unit} => {count}" for unit, count in by.items())
