"""Parallel requests have their effect exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.stripe_events import Order, event

if TYPE_CHECKING:
    import psycopg

    from tests.support import RunningStack


def test_fifty_deliveries_of_one_event_credit_once(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    user = stack.sign_up()
    completed = event("checkout.session.completed", Order(user_id=user.id).session())
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: stack.deliver(completed), range(50)))
    outcomes = [answer.json()["outcome"] for answer in answers]
    assert outcomes.count("applied") == 1
    assert set(outcomes) == {"applied", "duplicate"}
    assert [answer.status_code for answer in answers] == [200] * 50
    assert stack.balance_of(user) == 500
    assert _sums(database, user.id) == (500, 500, 1)


def test_fifty_events_about_one_payment_credit_once(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    events = [event("checkout.session.completed", order.session()) for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(stack.deliver, events))
    assert [answer.status_code for answer in answers] == [200] * 50
    assert _sums(database, user.id) == (500, 500, 1)


def test_a_hundred_purchases_of_one_user_add_up(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    user = stack.sign_up()
    orders = [Order(user_id=user.id, credits=amount) for amount in range(1, 101)]
    events = [event("checkout.session.completed", order.session()) for order in orders]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(stack.deliver, events))
    assert [answer.status_code for answer in answers] == [200] * 100
    assert _sums(database, user.id) == (5050, 5050, 100)
    assert _balances_follow_each_other(database, user.id)


def _sums(database: psycopg.Connection[dict[str, Any]], user_id: str) -> tuple[int, int, int]:
    row = database.execute(
        """
        select u.balance, sum(t.amount)::bigint as total, count(*) as entries
        from user_credits u join credit_transactions t using (user_id)
        where u.user_id = %s group by u.balance
        """,
        [user_id],
    ).fetchone()
    assert row is not None
    return row["balance"], row["total"], row["entries"]


def _balances_follow_each_other(database: psycopg.Connection[dict[str, Any]], user_id: str) -> bool:
    """Whether each row's balance is the previous balance plus its amount, in order of time."""
    row = database.execute(
        """
        select bool_and(
            balance_after = coalesce(before, 0) + amount
            and created_at > coalesce(earlier, '-infinity')
        ) as consistent
        from (
            select *, lag(balance_after) over (order by id) as before,
                lag(created_at) over (order by id) as earlier
            from credit_transactions where user_id = %s
        ) as history
        """,
        [user_id],
    ).fetchone()
    assert row is not None
    return bool(row["consistent"])
