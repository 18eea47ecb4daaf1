"""Refunds at the same time as other refunds, spends and Stripe's news: what comes second waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.ledger import just_paid, record
from tests.database.locks import meanwhile
from tests.database.purse import Purse, key
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

pytestmark = pytest.mark.usefixtures("patience")


def begin(database: Database, order: Order, actor: str, key_: str) -> Any:
    return Purse(database, order.user_id).call("begin_refund", order.order_id, actor, "asked", key_)


def bought(stack: RunningStack) -> Order:
    with stack.connect() as database:
        return just_paid(database)


def outcome(database: Database, order: Order, actor: str, key_: str) -> str:
    try:
        return str(begin(database, order, actor, key_)["refund_id"])
    except psycopg.Error as error:
        return str(error.diag.message_detail)


def test_two_people_at_once_make_one_refund(stack: RunningStack) -> None:
    order, outcomes = bought(stack), []
    with meanwhile(
        stack,
        lambda db: outcomes.append(outcome(db, order, "ann", key())),
        lambda db: outcomes.append(outcome(db, order, "bob", key())),
    ) as database:
        assert outcomes[1] == "in_progress"
        assert len(Purse(database, order.user_id).holds()) == 1


def test_two_clicks_with_one_key_are_one_refund(stack: RunningStack) -> None:
    order, mine, outcomes = bought(stack), key(), []
    with meanwhile(
        stack,
        lambda db: outcomes.append(outcome(db, order, "ann", mine)),
        lambda db: outcomes.append(outcome(db, order, "ann", mine)),
    ):
        assert outcomes[0] == outcomes[1]


def test_one_key_for_two_purchases_at_once_is_refused(stack: RunningStack) -> None:
    order, other, mine, outcomes = bought(stack), bought(stack), key(), []
    with meanwhile(
        stack,
        lambda db: outcomes.append(outcome(db, order, "ann", mine)),
        lambda db: outcomes.append(outcome(db, other, "ann", mine)),
    ) as database:
        assert outcomes[1] == "idempotency_key_reused"
        assert Purse(database, other.user_id).holds() == []


def test_two_workers_at_once_claim_it_once(stack: RunningStack) -> None:
    order, claims = bought(stack), []
    with stack.connect() as database:
        refund_id = begin(database, order, "ann", key())["refund_id"]

    def claim(database: Database) -> None:
        claims.append(Purse(database).call("claim_refund", refund_id))

    with meanwhile(stack, claim, claim):
        assert claims[0]["refund_id"] == refund_id
        assert claims[1] is None


def test_a_refusal_waits_for_the_news_that_it_was_made(stack: RunningStack) -> None:
    order, answers = bought(stack), []
    with stack.connect() as database:
        begun = begin(database, order, "ann", key())
    facts = {**Reversal(order).refund(499), "refund_request_id": begun["refund_id"]}

    def refuse(database: Database) -> None:
        answers.append(Purse(database).call("refuse_refund", begun["refund_id"], "late"))

    with meanwhile(stack, lambda db: record(db, facts), refuse) as database:
        assert answers[0]["status"] == "done"
        Purse(database, order.user_id).adds_up()


def test_a_refund_and_spends_at_once_never_use_a_credit_twice(stack: RunningStack) -> None:
    """Spends run while the refund begins and is settled: the refund takes what it pinned."""
    order = bought(stack)

    def spend_all() -> int:
        with stack.connect() as database:
            purse, spent = Purse(database, order.user_id), 0
            while (
                purse.refused("spend_credits", order.user_id, "docx_processing", 1, key()) is None
            ):
                spent += 5
            return spent

    def refund() -> dict[str, Any]:
        with stack.connect() as database:
            begun: dict[str, Any] = begin(database, order, "ann", key())
            facts = {
                **Reversal(order).refund(begun["amount"]),
                "refund_request_id": begun["refund_id"],
            }
            record(database, facts)
            return begun

    with ThreadPoolExecutor(3) as pool:
        spenders = [pool.submit(spend_all) for _ in range(2)]
        refunded = pool.submit(refund).result(60)
        spent = sum(spender.result(60) for spender in spenders)
    with stack.connect() as database:
        purse = Purse(database, order.user_id)
        purse.adds_up()
        assert purse.balance == 500 - spent - refunded["credits"]
        assert 0 <= purse.balance < 5
