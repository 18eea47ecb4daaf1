"""A ledger is live or test: the first order decides, and the other mode posts nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.ledger import balance, decide, record, record_event, row_of
from tests.database.purse import Purse
from tests.offers import offered
from tests.stripe_events import Order, Reversal, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def undone(database: Database) -> Iterator[Database]:
    """The database inside a transaction that is rolled back: a mode cannot be set twice."""
    with database.transaction(force_rollback=True):
        database.execute("update purse.ledger set livemode = null, began_at = null")
        yield database


def begin(database: Database, user_id: str, *, livemode: bool) -> Any:
    with database.transaction():
        row = database.execute(
            "select begin_purchase(%s, 'starter', %s, 10) as answer", [user_id, livemode]
        ).fetchone()
    assert row is not None
    return row["answer"]


def mode(database: Database) -> Any:
    row = database.execute("select read_ledger() -> 'livemode' as mode").fetchone()
    assert row is not None
    return row["mode"]


@pytest.mark.parametrize("livemode", [True, False])
def test_the_first_order_sets_the_mode_and_the_other_is_refused(
    undone: Database, *, livemode: bool
) -> None:
    assert mode(undone) is None
    begin(undone, str(uuid.uuid4()), livemode=livemode)
    assert mode(undone) is livemode
    with pytest.raises(psycopg.DatabaseError) as refused:
        begin(undone, str(uuid.uuid4()), livemode=not livemode)
    assert refused.value.sqlstate == "PT409"
    expected = "ledger_is_live" if livemode else "ledger_is_test"
    assert refused.value.diag.message_detail == expected
    begin(undone, str(uuid.uuid4()), livemode=livemode)


def test_an_order_that_is_refused_sets_no_mode(undone: Database) -> None:
    with pytest.raises(psycopg.DatabaseError), undone.transaction():
        undone.execute("select begin_purchase(%s, 'nothing', true, 10)", [uuid.uuid4()])
    assert mode(undone) is None


def test_the_other_modes_facts_post_nothing_however_they_come(undone: Database) -> None:
    order, user = Order(), str(uuid.uuid4())
    known = begin(undone, user, livemode=False)["order_id"]
    undone.execute("update purse.ledger set livemode = true")
    begun = Order(user_id=user, order_id=known)
    refund = Reversal(begun).refund(100)
    for number, fact in enumerate((order.facts("paid"), begun.facts("paid"), refund)):
        assert record_event(undone, event(f"kind {number}", {}), fact) == "ignored"
        record(undone, fact)
        for function in ("reconcile_facts", "rehearse_facts"):
            row = undone.execute(
                f"select {function}(%s) as answer",
                [psycopg.types.json.Jsonb([fact] if function == "rehearse_facts" else fact)],
            ).fetchone()
            assert row is not None
            assert not row["answer"]
    assert balance(undone, order) == balance(undone, begun) == 0
    assert (
        undone.execute(
            "select 1 from purchase_reversals where id = %s", [refund["reversal_id"]]
        ).fetchall()
        == []
    )
    assert row_of(undone, "purchases", known)["status"] == "open"


def test_a_mismatch_of_the_other_mode_cannot_be_accepted(undone: Database) -> None:
    order = Order()
    record(undone, order.facts("paid", amount_subtotal=1))
    undone.execute("update purse.ledger set livemode = true, began_at = now()")
    decide(undone, order, accept=True)
    assert balance(undone, order) == 0


def clear(database: Database, *asked: str | None, apply: bool, limit: int = 200) -> Counter[str]:
    """Clear all test credits batch by batch, or rehearse it; return the counts."""
    done: Counter[str] = Counter()
    after = None
    for _ in range(10_000):
        batch = Purse(database).call("clear_test_credits", *asked, apply, after, limit)
        assert batch["was_live"] is False
        counted = ("users", "credits_taken", "debts_cancelled", "holds_released", "skipped")
        done += Counter({name: batch[name] for name in counted})
        after = batch["next"]
        if after is None:
            return done
    pytest.fail("the batches have no end")


def go_live(database: Database) -> Any:
    return Purse(database).call("go_live", "ann", "the shop opens")


def test_going_live_shows_then_corrects_everybody_to_zero(undone: Database) -> None:
    purses = [Purse(undone) for _ in range(3)]
    rich, indebted, empty = purses
    rich.buy(100)
    rich.grant(50, days=3)
    hold = rich.hold(2)
    order = indebted.buy(100)
    indebted.spend(10)
    indebted.refund(order, 100)
    empty.buy(5)
    empty.spend(1)
    before = [purse.ledger() for purse in purses]

    shown = clear(undone, None, None, apply=False)
    assert shown["holds_released"] >= 1
    assert [purse.ledger() for purse in purses] == before
    assert mode(undone) is False

    for refused in (("clear_test_credits", "ann", "", True), ("go_live", "ann", "")):
        assert Purse(undone).refused_within(undone, *refused) == "PT422"
    assert clear(undone, "ann", "the shop opens", apply=True, limit=2) == shown
    assert mode(undone) is False
    done = go_live(undone)
    assert (done["was_live"], done["applied"], done["users"]) == (False, True, 0)
    assert mode(undone) is True
    assert [purse.ledger() for purse in purses] == [
        [*before[0], ("correction", -150)],
        [*before[1], ("correction", 50)],
        before[2],
    ]
    for purse in purses:
        purse.adds_up()
        assert (purse.balance, purse.available) == (0, 0)
    signed = undone.execute(
        "select actor, reason from credit_transactions where user_id = %s and kind = 'correction'"
        " order by id desc limit 1",
        [rich.user_id],
    ).fetchone()
    assert signed == {"actor": "ann", "reason": "the shop opens"}
    assert rich.refused_within(undone, "capture_hold", hold["hold_id"], None) == "PT409"
    assert go_live(undone) == {"was_live": True, "applied": False}
    cleared = Purse(undone).call("clear_test_credits", "ann", "the shop opens", True)
    assert cleared == {"was_live": True, "next": None}


def test_nobody_buys_for_real_what_was_offered_in_a_test(undone: Database) -> None:
    purse = Purse(undone)
    offer = offered(undone, purse.user_id)
    clear(undone, "ann", "the shop opens", apply=True)
    assert go_live(undone)["applied"] is True
    assert purse.call("read_offers", purse.user_id) == {"offers": []}
    with pytest.raises(psycopg.DatabaseError) as refused, undone.transaction():
        purse.call("begin_purchase", purse.user_id, offer, True, 10)
    assert refused.value.diag.message_detail == "offer_ended"


def test_after_going_live_test_refunds_change_nothing(undone: Database) -> None:
    purse = Purse(undone)
    order = purse.buy(100)
    clear(undone, "ann", "the shop opens", apply=True)
    assert go_live(undone)["applied"] is True
    purse.refund(order, 100)
    assert purse.ledger() == [("purchase", 100), ("correction", -100)]
    begin(undone, purse.user_id, livemode=True)


def test_going_live_clears_what_came_since_but_not_everything_at_once(undone: Database) -> None:
    clear(undone, "ann", "the shop opens", apply=True)
    late, forgiven = Purse(undone), Purse(undone)
    late.grant(10)
    order = forgiven.buy(100)
    forgiven.spend(20)
    forgiven.refund(order, 100, policy="clamp")
    assert late.call("go_live", "ann", "why", 1) == {"was_live": False, "applied": False}
    assert (mode(undone), late.balance) == (False, 10)
    done = late.call("go_live", "ann", "why", 2)
    assert (done["applied"], done["users"], done["credits_taken"]) == (True, 1, 10)
    assert (mode(undone), late.balance) == (True, 0)
    row = undone.execute("select count(*) from credit_lots where forgiven > 0").fetchone()
    assert row == {"count": 0}


def test_clearing_skips_a_user_in_use_and_going_live_takes_them(
    stack: RunningStack, undone: Database
) -> None:
    """Committed elsewhere, so that another connection can lock it."""
    with stack.connect() as other:
        busy = Purse(other)
        busy.grant(10)
        with other.transaction():
            other.execute("select purse.lock_account(%s)", [busy.user_id])
            assert clear(undone, "ann", "the shop opens", apply=True)["skipped"] >= 1
    mine = Purse(undone, busy.user_id)
    assert mine.balance == 10
    assert go_live(undone)["applied"] is True
    assert mine.balance == 0


def test_an_event_of_a_connected_account_is_ignored(database: Database) -> None:
    order = Order()
    told = event("checkout.session.completed", {})
    row = database.execute(
        "select record_event(%s, %s, false, 1, %s, 'debt', 'acct_other') as outcome",
        [told["id"], told["type"], psycopg.types.json.Jsonb(order.facts("paid"))],
    ).fetchone()
    assert row == {"outcome": "ignored"}
    assert balance(database, order) == 0
    stored = row_of(database, "stripe_events", told["id"])
    assert (stored["outcome"], stored["account"]) == ("ignored", "acct_other")


def test_what_a_test_left_is_no_finding_once_the_ledger_is_live(undone: Database) -> None:
    """A refund that was partly forgiven, a page that nobody paid, a payment that differs."""
    purse = Purse(undone)
    order = purse.buy(100)
    purse.call("spend_credits", purse.user_id, "docx_processing", 4, "spent")
    purse.refund(order, 100, policy="clamp")
    begun = begin(undone, purse.user_id, livemode=False)
    undone.execute(
        """
        update purchases
        set checkout_session_id = 'cs_test_open', created_at = now() - interval '5 days'
        where id = %s
        """,
        [begun["order_id"]],
    )
    record(undone, Order(user_id=purse.user_id).facts("paid", amount_subtotal=1))
    before = doctor(undone, purse)
    assert (before["overdue"], before["mismatches"]) == (1, 1)
    undone.execute("select clear_test_credits('ann', 'the shop opens', true, null, 100000)")
    undone.execute("select go_live('ann', 'the shop opens', 100000)")
    assert set(doctor(undone, purse).values()) == {0}


def doctor(database: Database, purse: Purse) -> dict[str, int]:
    """Return how many findings of each kind doctor has about a user's orders."""
    row = database.execute("select doctor() as found").fetchone()
    assert row is not None
    kinds = ("purchases_off", "postings_off", "mismatches", "second_payments")
    counts = {
        kind: sum(case["user_id"] == purse.user_id for case in row["found"][kind]) for kind in kinds
    }
    rows = database.execute("select id from purchases where user_id = %s", [purse.user_id])
    own = {str(each["id"]) for each in rows.fetchall()}
    overdue = sum(case["order_id"] in own for case in row["found"]["overdue"])
    return {**counts, "overdue": overdue}
