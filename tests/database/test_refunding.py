"""begin_refund, claim_refund, refuse_refund, and how facts end a refund."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import amounts, just_paid, record
from tests.database.purse import Purse, key
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


@pytest.fixture
def order(purse: Purse) -> Order:
    """A pack of 500 credits for 4.99 that was just paid."""
    return just_paid(purse.database, user_id=purse.user_id)


def begin(purse: Purse, order: Order, **more: Any) -> Any:
    return purse.call(
        "begin_refund",
        *(order.order_id, more.get("actor", "ann"), more.get("reason", "asked")),
        *(more.get("key", key()), more.get("amount"), more.get("user_id"), more.get("days")),
    )


def told(order: Order, begun: dict[str, Any], status: str = "succeeded") -> dict[str, Any]:
    """Return the facts of the refund that Stripe made for a request."""
    facts = Reversal(order, suffix=begun["refund_id"]).refund(begun["amount"], status)
    return {**facts, "refund_request_id": begun["refund_id"]}


def state(purse: Purse, begun: dict[str, Any]) -> tuple[str, str | None]:
    answer = purse.call("read_refund", begun["refund_id"])
    return answer["status"], answer["refusal"]


def is_due(purse: Purse, begun: dict[str, Any]) -> bool:
    due = purse.call("unfinished_refunds", False, 1000)
    return uuid.UUID(begun["refund_id"]) in due


def make_due(purse: Purse, begun: dict[str, Any]) -> None:
    """Let the worker that has it be gone for long enough."""
    purse.database.execute(
        "update refund_requests set next_attempt_at = now() where id = %s", [begun["refund_id"]]
    )


def test_a_begun_refund_pins_its_credits_to_their_lot(purse: Purse, order: Order) -> None:
    purse.spend(20)
    purse.grant(10)
    begun = begin(purse, order)
    assert (begun["status"], begun["amount"], begun["credits"]) == ("begun", 399, 400)
    assert (purse.balance, purse.available) == (410, 10)
    purse.adds_up()
    assert purse.refused("spend_credits", purse.user_id, "docx_processing", 3, key()) == "PT402"
    purse.spend(2)
    assert purse.lots() == [400, 0]


def test_its_facts_take_the_credits_in_one_transaction(purse: Purse, order: Order) -> None:
    purse.spend(20)
    purse.grant(10)
    begun = begin(purse, order)
    record(purse.database, told(order, begun))
    assert purse.lots() == [0, 10]
    assert amounts(purse.database, order)[-1] == ("clawback", -400, 10)
    assert (purse.available, state(purse, begun)) == (10, ("done", None))
    purse.adds_up()
    before = purse.ledger()
    record(purse.database, told(order, begun))
    assert purse.ledger() == before


def test_the_same_key_is_the_same_refund(purse: Purse, order: Order) -> None:
    mine = key()
    first, again = begin(purse, order, key=mine), begin(purse, order, key=mine)
    assert not first["replayed"]
    assert again == {**first, "replayed": True}
    record(purse.database, told(order, first))
    assert begin(purse, order, key=mine)["status"] == "done"


def test_a_key_is_for_one_refund(purse: Purse, order: Order) -> None:
    mine, other = key(), Order(user_id=purse.user_id)
    record(purse.database, other.facts("paid"))
    begin(purse, order, key=mine)
    reused = ("PT409", "idempotency_key_reused")
    assert purse.refusal(begin, purse, other, key=mine) == reused
    assert purse.refusal(begin, purse, order, key=mine, amount=1) == reused
    assert begin(purse, other, key=mine, actor="bob")["status"] == "begun"


def test_the_key_of_its_hold_does_not_serve_for_a_spend(purse: Purse, order: Order) -> None:
    begin(purse, order)
    purse.grant(5)
    [held] = purse.database.execute(
        "select idempotency_key from credit_holds where user_id = %s", [purse.user_id]
    ).fetchall()
    reused = ("PT409", "idempotency_key_reused")
    assert purse.refusal(purse.spend, key=held["idempotency_key"]) == reused
    purse.adds_up()


def test_a_second_refund_waits_for_the_first(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    assert purse.refusal(begin, purse, order) == ("PT409", "in_progress")
    record(purse.database, told(order, begun))
    assert purse.refusal(begin, purse, order, actor="bob") == ("PT409", "refunded")


def test_the_amount_must_be_the_one_that_was_shown(purse: Purse, order: Order) -> None:
    purse.spend()
    assert purse.refusal(begin, purse, order, amount=499) == ("PT409", "quote_changed")
    assert begin(purse, order, amount=494)["amount"] == 494


def test_it_says_who_and_why_and_is_for_its_owner(purse: Purse, order: Order) -> None:
    assert purse.refusal(begin, purse, order, actor=" ")[0] == "PT422"
    assert purse.refusal(begin, purse, order, reason="")[0] == "PT422"
    assert purse.refusal(begin, purse, order, key="")[0] == "PT422"
    stranger = str(uuid.uuid4())
    assert purse.refusal(begin, purse, order, user_id=stranger) == ("PT404", "unknown_purchase")
    assert purse.refusal(begin, purse, order, days=0) == ("PT409", "too_late")


def test_nobody_else_ends_the_hold(purse: Purse, order: Order) -> None:
    begin(purse, order)
    row = purse.database.execute(
        "select id from credit_holds where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row is not None
    for function in ("release_hold", "capture_hold"):
        assert purse.refusal(function, row["id"]) == ("PT409", "hold_of_refund")
    assert purse.holds() == [("held", 0)]


def test_one_worker_has_it_at_a_time(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    assert is_due(purse, begun)
    claimed = purse.call("claim_refund", begun["refund_id"])
    assert claimed["payment_intent_id"] == f"pi_{order.suffix}"
    assert (claimed["is_retry"], claimed["is_covered"]) == (False, True)
    assert not is_due(purse, begun)
    assert purse.call("claim_refund", begun["refund_id"]) is None
    make_due(purse, begun)
    assert is_due(purse, begun)
    assert purse.call("claim_refund", begun["refund_id"])["is_retry"]


def test_an_abandoned_refund_freezes_nothing(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    purse.time_passes(days=4)
    assert (purse.available, state(purse, begun)) == (500, ("begun", None))
    purse.adds_up()


def test_a_lapsed_hold_is_made_anew_while_its_credits_are_free(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    purse.time_passes(days=4)
    assert purse.call("claim_refund", begun["refund_id"])["is_covered"]
    assert purse.available == 0
    purse.adds_up()
    record(purse.database, told(order, begun))
    assert (purse.balance, purse.holds()) == (0, [("lapsed", 0), ("released", 0)])


def test_a_lapsed_hold_whose_credits_were_spent_covers_nothing(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    purse.time_passes(days=4)
    purse.spend()
    assert not purse.call("claim_refund", begun["refund_id"])["is_covered"]
    purse.call("refuse_refund", begun["refund_id"], "credits_used")
    assert (purse.available, state(purse, begun)) == (495, ("refused", "credits_used"))


def test_a_refused_refund_frees_its_credits_and_says_why(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    refused = purse.call("refuse_refund", begun["refund_id"], "charge_disputed")
    assert (refused["status"], refused["refusal"]) == ("refused", "charge_disputed")
    assert purse.available == 500
    assert purse.call("claim_refund", begun["refund_id"]) is None
    purse.adds_up()
    assert begin(purse, order)["status"] == "begun"


def test_what_is_settled_is_not_refused_any_more(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    record(purse.database, told(order, begun))
    assert purse.call("refuse_refund", begun["refund_id"], "late")["status"] == "done"


def test_a_refund_that_fails_later_gives_the_credits_back(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    record(purse.database, told(order, begun, "pending"))
    assert (purse.balance, state(purse, begun)) == (0, ("done", None))
    record(purse.database, told(order, begun, "failed"), told(order, begun))
    assert (purse.available, state(purse, begun)) == (500, ("failed", "failed"))
    purse.adds_up()
    told_of = purse.database.execute(
        "select data ->> 'reason' as reason from outbox_events where fact = %s",
        [f"refund.failed:{begun['refund_id']}"],
    ).fetchall()
    assert told_of == [{"reason": "failed"}]
    assert begin(purse, order)["amount"] == 499


def test_a_failure_that_is_told_first_frees_the_credits(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    record(purse.database, told(order, begun, "failed"))
    assert (purse.available, state(purse, begun)) == (500, ("failed", "failed"))
    record(purse.database, told(order, begun))
    assert (purse.available, state(purse, begun)) == (500, ("failed", "failed"))


def test_a_refund_that_names_the_request_of_another_purchase_ends_nothing(
    purse: Purse, order: Order
) -> None:
    other = Order(user_id=purse.user_id)
    record(purse.database, other.facts("paid"))
    begun = begin(purse, order)
    facts = {**Reversal(other).refund(499), "refund_request_id": begun["refund_id"]}
    record(purse.database, facts)
    assert state(purse, begun) == ("begun", None)
    assert purse.lots() == [500, 0]


def test_a_second_refund_that_names_the_same_request_is_an_ordinary_one(
    purse: Purse, order: Order
) -> None:
    purse.spend(20)
    begun = begin(purse, order)
    record(purse.database, told(order, begun))
    facts = {**Reversal(order).refund(50, "failed"), "refund_request_id": begun["refund_id"]}
    record(purse.database, facts)
    assert state(purse, begun) == ("done", None)


def test_a_refund_from_the_dashboard_meanwhile_leaves_the_pinned_credits_alone(
    purse: Purse, order: Order
) -> None:
    purse.spend(50)
    purse.grant(300)
    begun = begin(purse, order)
    record(purse.database, Reversal(order).refund(100))
    assert purse.lots() == [250, 199]
    record(purse.database, told(order, begun))
    purse.adds_up()
    assert purse.lots() == [1, 199]


def test_a_deleted_account_is_refunded_from_what_it_gave_up(purse: Purse, order: Order) -> None:
    begun = begin(purse, order)
    purse.call("forget_user", purse.user_id, "ann", "asked")
    claimed = purse.call("claim_refund", begun["refund_id"])
    assert (claimed["is_covered"], claimed["amount"]) == (True, 499)
    record(purse.database, told(order, begun))
    assert amounts(purse.database, order)[-2:] == [
        ("forfeit_reversal", 500, 500),
        ("clawback", -500, 0),
    ]
    assert state(purse, begun) == ("done", None)


def test_a_deleted_account_that_used_the_credits_first_is_not_refunded(
    purse: Purse, order: Order
) -> None:
    """Its hold had lapsed, so the credits of the refund were free, and were spent."""
    begun = begin(purse, order)
    purse.time_passes(days=4)
    purse.spend()
    purse.call("forget_user", purse.user_id, "ann", "asked")
    assert not purse.call("claim_refund", begun["refund_id"])["is_covered"]


def test_a_purse_does_not_move_while_it_is_refunded(purse: Purse, order: Order) -> None:
    begin(purse, order)
    arguments = (purse.user_id, str(uuid.uuid4()), "ann", "signed in")
    assert purse.refusal("move_purse", *arguments) == ("PT409", "purse_in_use")


def test_an_unknown_refund_is_refused(purse: Purse) -> None:
    nothing = str(uuid.uuid4())
    assert purse.refusal("claim_refund", nothing) == ("PT404", "unknown_refund")
    assert purse.refusal("refuse_refund", nothing, "why") == ("PT404", "unknown_refund")
    assert purse.call("read_refund", nothing) is None
