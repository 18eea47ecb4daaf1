"""One user's row is locked for long: only that user's requests are refused, and at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from tests.database.purse import Purse, key
from tests.stripe_events import Order, event
from tests.support import until

if TYPE_CHECKING:
    import httpx
    import psycopg

    from tests.support import RunningStack, User

CALLERS = 50


def spend(stack: RunningStack, user: User) -> httpx.Response:
    return stack.post(
        "/api/credits",
        json={"feature": "docx_processing"},
        headers={**user.auth, "Idempotency-Key": key()},
    )


def test_fifty_callers_for_one_locked_user_do_not_stop_another_user(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]]
) -> None:
    """The lock ends only after all have been answered, so nobody waited for it."""
    locked, other = stack.sign_up(), stack.sign_up()
    for user in (locked, other):
        Purse(database, user.id).grant(100)
    with ThreadPoolExecutor(CALLERS) as pool, stack.connect() as holder:
        with holder.transaction():
            holder.execute("select purse.lock_account(%s)", [locked.id])
            refused = [pool.submit(spend, stack, locked) for _ in range(CALLERS)]
            until(lambda: _waiting(database) > 0, "a caller waits for the lock")
            assert spend(stack, other).status_code == 200
            answers = [each.result() for each in refused]
        assert spend(stack, locked).status_code == 200
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
        assert answer.headers["Retry-After"] == "1"
    assert stack.balance_of(locked) == stack.balance_of(other) == 95


def test_a_webhook_for_a_locked_order_is_told_to_come_again(stack: RunningStack) -> None:
    user = stack.sign_up()
    order = Order(user_id=user.id)
    stack.deliver(event("checkout.session.completed", order.session()))
    again = event("checkout.session.completed", order.session())
    with stack.connect() as holder, holder.transaction():
        holder.execute("select from purchases where id = %s for update", [order.order_id])
        answer = stack.deliver(again)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "busy")
    assert stack.deliver(again).json()["outcome"] == "applied"


def _waiting(database: psycopg.Connection[dict[str, Any]]) -> int:
    row = database.execute("select count(*) as waiting from pg_locks where not granted").fetchone()
    assert row is not None
    waiting: int = row["waiting"]
    return waiting
