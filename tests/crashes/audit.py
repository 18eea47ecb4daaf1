"""Compare what writers were promised with what the database holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.crashes.due import due, is_reversal

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.crashes.due import Due
    from tests.crashes.histories import History
    from tests.crashes.writers import Writers

    Database = psycopg.Connection[dict[str, Any]]


def audit(database: Database, told: list[History], writers: Writers) -> list[str]:
    """Return everything that is not as it was promised; nothing, one hopes."""
    dues = {
        history.order.order_id: due(
            history.order,
            (body for id_, body in history.events.items() if writers.acknowledged[id_]),
        )
        for history in told
    }
    return [
        *_events(database, told, writers),
        *_orders(database, dues),
        *_balances(database, told, dues),
    ]


def _events(database: Database, told: list[History], writers: Writers) -> Iterator[str]:
    """Every acknowledged delivery was counted in the transaction that it was promised.

    That an event is there is not enough: a later delivery would cover up that an earlier one,
    acknowledged, was lost.
    """
    rows = {row["id"]: row for row in database.execute("select * from stripe_events")}
    for history in told:
        for id_, body in history.events.items():
            row = rows.get(id_)
            if row is None:
                yield f"event {id_}: acknowledged, but not there"
                continue
            about = {history.order.order_id}
            # A refund or dispute that came before its purchase is nobody's in this log.
            if is_reversal(body):
                about.add("None")
            if row["outcome"] != "applied" or str(row["purchase_id"]) not in about:
                yield f"event {id_}: {row['outcome']} to {row['purchase_id']}"
            if not writers.acknowledged[id_] <= row["deliveries"] <= writers.attempts[id_]:
                yield (
                    f"event {id_}: {writers.acknowledged[id_]} acknowledged, "
                    f"{row['deliveries']} counted, {writers.attempts[id_]} attempted"
                )
            if writers.applied[id_] > 1:
                yield f"event {id_}: applied {writers.applied[id_]} times"


def _orders(database: Database, dues: dict[str, Due]) -> Iterator[str]:
    """Every order is there, in its state, worth what is due, bought once, nothing posted twice."""
    rows = {
        str(row["id"]): row
        for row in database.execute(
            """
            select p.id, p.user_id, p.status, p.credits_posted, count(t.id) as entries,
                count(*) filter (where t.kind = 'purchase') as bought,
                coalesce(sum(t.amount), 0)::bigint as total
            from purchases p
            left join credit_transactions t on t.purchase_id = p.id and t.user_id = p.user_id
            group by p.id
            """
        )
    }
    for id_, due_ in dues.items():
        row = rows.pop(id_, None)
        if row is None:
            yield f"order {id_}: not there"
            continue
        found = (row["status"], row["credits_posted"], row["total"])
        if found != (due_.status, due_.credits, due_.credits):
            yield f"order {id_}: {found} for {due_}"
        entries = (row["bought"], row["entries"])
        if row["bought"] > 1 or not due_.fewest_entries <= row["entries"] <= due_.most_entries:
            yield f"order {id_}: entries {entries} for {due_}"
    yield from (f"order {id_}: nobody's" for id_ in rows)


def _balances(database: Database, told: list[History], dues: dict[str, Due]) -> Iterator[str]:
    """Each balance is the sum of its entries, each entry's balance the one before it plus its own.

    And the sum is what the user's orders call for.
    """
    expected: Counter[str] = Counter()
    for history in told:
        expected[history.order.user_id] += dues[history.order.order_id].credits
    for row in database.execute(
        """
        with ledger as (
            select user_id, id, amount, balance_after,
                sum(amount) over (partition by user_id order by id) as running
            from credit_transactions
        )
        select u.user_id, u.balance,
            coalesce(sum(l.amount), 0)::bigint as total,
            coalesce(bool_and(l.balance_after = l.running), true) as unbroken
        from user_credits u left join ledger l using (user_id)
        group by u.user_id
        """
    ):
        credits_ = expected.pop(str(row["user_id"]), 0)
        if not (row["balance"] == row["total"] == credits_ and row["unbroken"]):
            yield (
                f"user {row['user_id']}: balance {row['balance']}, entries {row['total']}, "
                f"orders {credits_}, unbroken {row['unbroken']}"
            )
    yield from (f"user {id_}: {credits_} missing" for id_, credits_ in expected.items() if credits_)
