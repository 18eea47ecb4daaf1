"""move_purse: a guest's purse becomes another account's, and later facts meet the new owner."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]


@pytest.fixture
def guest(database: Database) -> Purse:
    return Purse(database)


@pytest.fixture
def account(database: Database) -> Purse:
    return Purse(database)


def move(guest: Purse, account: Purse, *, actor: str = "ann", reason: str = "signed in") -> Any:
    return guest.call("move_purse", guest.user_id, account.user_id, actor, reason)


def refused(guest: Purse, account: Purse) -> tuple[str | None, str | None]:
    return guest.refusal(move, guest, account)


def all_agrees(*purses: Purse) -> None:
    for purse in purses:
        purse.adds_up()
    row = purses[0].database.execute("select doctor() as found").fetchone()
    assert row is not None
    found = json.dumps(
        {name: row["found"][name] for name in ("balances_off", "lots_off", "postings_off")}
    )
    assert not any(purse.user_id in found for purse in purses), found


def test_a_purse_moves_with_its_lots_and_their_expiry(guest: Purse, account: Purse) -> None:
    guest.buy(500)
    guest.grant(20, days=7)
    guest.spend()
    before = guest.read()["next_expiry"]
    answer = move(guest, account)
    assert (answer["credits"], answer["replayed"]) == (515, False)
    assert (guest.balance, account.balance) == (0, 515)
    assert guest.ledger()[-2:] == [("move_out", -15), ("move_out", -500)]
    assert account.ledger() == [("move_in", 15), ("move_in", 500)]
    assert account.read()["next_expiry"] == before
    assert account.spend()["balance"] == 510
    all_agrees(guest, account)


def test_what_moved_still_expires_and_counts_as_low_where_the_person_said(
    guest: Purse, account: Purse
) -> None:
    guest.grant(20, days=7)
    guest.database.execute(
        "update user_credits set low_threshold = 21 where user_id = %s", [guest.user_id]
    )
    move(guest, account)
    assert (account.read()["low"], account.read()["low_threshold"]) == (True, 21)
    account.time_passes(days=8)
    assert account.balance == 0
    assert account.ledger() == [("move_in", 20), ("expiry", -20)]
    all_agrees(guest, account)


def test_both_ledgers_say_who_moved_it_and_why(guest: Purse, account: Purse) -> None:
    guest.buy(500)
    move(guest, account)
    rows = guest.database.execute(
        "select actor, reason from credit_transactions where user_id = any (%s::uuid[])"
        " and kind in ('move_out', 'move_in')",
        [[guest.user_id, account.user_id]],
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [("ann", "signed in")] * 2
    row = guest.database.execute(
        "select to_user_id::text, credits, actor, reason from purse_moves where from_user_id = %s",
        [guest.user_id],
    ).fetchone()
    assert row is not None
    assert tuple(row.values()) == (account.user_id, 500, "ann", "signed in")


def test_a_move_is_answered_again_as_the_first_time(guest: Purse, account: Purse) -> None:
    guest.buy(500)
    first = move(guest, account)
    account.spend()
    assert move(guest, account) == {**first, "replayed": True}
    assert account.balance == 495
    all_agrees(guest, account)


def test_a_later_refund_meets_the_new_owner(guest: Purse, account: Purse) -> None:
    order = guest.buy(500)
    guest.spend(20)
    move(guest, account)
    refund = account.refund(order, 500)
    assert (guest.balance, account.balance) == (0, -100)
    record(account.database, refund.refund(500, "failed"))
    assert account.balance == 400
    all_agrees(guest, account)


def test_a_debt_moves_too(guest: Purse, account: Purse) -> None:
    order = guest.buy(500)
    guest.spend(20)
    guest.refund(order, 500)
    assert move(guest, account)["credits"] == -100
    assert (guest.balance, account.balance) == (0, -100)
    assert account.ledger() == [("move_in", -100)]
    all_agrees(guest, account)


def test_an_order_that_is_paid_later_meets_the_new_owner(guest: Purse, account: Purse) -> None:
    """Stripe's metadata still names the guest."""
    order = Order(user_id=guest.user_id)
    record(guest.database, order.facts("open"))
    unknown = Order(user_id=guest.user_id)
    move(guest, account)
    for paid in (order, order, unknown, unknown):
        record(guest.database, paid.facts("paid"))
    assert (guest.balance, account.balance) == (0, 2 * order.credits)
    all_agrees(guest, account)


def test_credits_that_expired_before_are_what_a_refund_takes_first(
    guest: Purse, account: Purse
) -> None:
    order = guest.buy(500, valid_days=3, at=int(time.time()))
    guest.spend(20)
    guest.time_passes(days=4)
    move(guest, account)
    assert (guest.balance, account.balance) == (0, 0)
    assert account.ledger() == [("move_in", 400), ("expiry", -400)]
    account.refund(order, 400)
    assert account.balance == 0
    account.refund(order, 100)
    assert account.balance == -100
    all_agrees(guest, account)


def test_a_spend_reversed_later_meets_the_new_owner(guest: Purse, account: Purse) -> None:
    guest.buy(500)
    spent = guest.spend()
    move(guest, account)
    first = account.reverse(spent["transaction_id"])
    assert (first["returned"], first["balance"]) == (5, 500)
    assert account.reverse(spent["transaction_id"]) == {**first, "replayed": True}
    assert (guest.balance, account.balance) == (0, 500)
    all_agrees(guest, account)


def test_both_histories_can_still_be_read_and_explained(guest: Purse, account: Purse) -> None:
    guest.buy(500)
    guest.spend()
    row = guest.database.execute("select clock_timestamp() as at").fetchone()
    assert row is not None
    before = guest.explain(row["at"])
    move(guest, account)
    account.buy(100)
    assert guest.explain(row["at"]) == before
    now = guest.database.execute("select clock_timestamp() as at").fetchone()
    assert now is not None
    assert [guest.explain(now["at"])["balance"], account.explain(now["at"])["balance"]] == [0, 595]
    assert account.explain(row["at"])["balance"] == 0
    for purse in (guest, account):
        assert all(entry["lots"] for entry in purse.read()["transactions"])


def test_the_new_owner_asks_for_the_receipt(guest: Purse, account: Purse) -> None:
    order = guest.buy(500)
    move(guest, account)
    assert [entry["receipt"] for entry in account.read()["transactions"]] == [
        f"/api/receipt?order_id={order.order_id}"
    ]
    assert [entry["receipt"] for entry in guest.read()["transactions"]] == [None, None]


def test_more_than_one_history_is_not_merged(guest: Purse, account: Purse) -> None:
    guest.buy(500)
    account.grant(1)
    assert refused(guest, account) == ("PT409", "purse_not_empty")
    assert (guest.balance, account.balance) == (500, 1)


def test_a_spend_after_the_move_goes_back_to_who_made_it(guest: Purse, account: Purse) -> None:
    """The old account may be given credits again: those are its own."""
    guest.grant(20)
    moved = guest.spend()
    move(guest, account)
    guest.grant(20)
    spent = guest.spend()
    before = account.balance
    guest.reverse(spent["transaction_id"])
    assert (guest.balance, account.balance) == (20, before)
    guest.reverse(moved["transaction_id"])
    assert (guest.balance, account.balance) == (20, before + 5)
    all_agrees(guest, account)


def test_a_purse_in_use_is_not_moved(guest: Purse, account: Purse) -> None:
    guest.buy(500)
    hold = guest.hold(seconds=60)
    assert refused(guest, account) == ("PT409", "purse_in_use")
    guest.release(hold["hold_id"])
    guest.hold(seconds=60)
    guest.time_passes(secs=61)
    assert move(guest, account)["credits"] == 500
    all_agrees(guest, account)


def test_a_purse_moves_once_and_not_in_a_circle(
    database: Database, guest: Purse, account: Purse
) -> None:
    third = Purse(database)
    move(guest, account)
    assert refused(guest, third) == ("PT409", "purse_moved")
    assert refused(third, guest) == ("PT409", "purse_moved")
    assert refused(account, guest) == ("PT409", "purse_moved")


def test_a_purse_may_move_on(database: Database, guest: Purse, account: Purse) -> None:
    third = Purse(database)
    order = guest.buy(500)
    spent = guest.spend()
    move(guest, account)
    move(account, third)
    third.reverse(spent["transaction_id"])
    third.refund(order, 100)
    record(database, order.facts("paid"))
    assert (guest.balance, account.balance, third.balance) == (0, 0, 400)
    all_agrees(guest, account, third)


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("who", " "), (None, "why")])
def test_a_move_says_who_and_why(guest: Purse, account: Purse, actor: Any, reason: Any) -> None:
    arguments = (guest.user_id, account.user_id, actor, reason)
    assert guest.refused("move_purse", *arguments) == "PT422"
    assert guest.refused("move_purse", guest.user_id, guest.user_id, "a", "b") == "PT422"


def test_a_guest_whose_purse_moved_buys_nothing_more(guest: Purse, account: Purse) -> None:
    move(guest, account)
    refusal = guest.refusal("begin_purchase", guest.user_id, "starter", False, 10)
    assert refusal == ("PT409", "purse_moved")


@pytest.mark.usefixtures("patience")
def test_spends_refunds_and_reversals_beside_a_move_lose_nothing(
    stack: RunningStack, database: Database
) -> None:
    for _ in range(5):
        guest, account = Purse(database), Purse(database)
        orders = [guest.buy(100) for _ in range(3)]
        spent = guest.spend(2)

        def act(
            number: int,
            guest: Purse = guest,
            account: Purse = account,
            orders: tuple[Order, ...] = tuple(orders),
            spent_id: int = int(spent["transaction_id"]),
        ) -> str | None:
            with stack.connect() as own:
                me = Purse(own, guest.user_id)
                if number < 3:
                    return me.refused("move_purse", guest.user_id, account.user_id, "ann", "why")
                if number < 6:
                    me.refund(orders[number - 3], 10)
                    return None
                if number == 6:
                    return me.refused("reverse_spend", spent_id, "ann", "why")
                return me.refused("spend_credits", me.user_id, "docx_processing", 1, key())

        with ThreadPoolExecutor(10) as clients:
            outcomes = list(clients.map(act, range(10)))
        assert outcomes[:7] == [None] * 7
        spends = outcomes[7:].count(None)
        assert set(outcomes[7:]) <= {None, "PT402"}
        assert (guest.balance, account.balance) == (0, 300 - 30 - 5 * spends)
        all_agrees(guest, account)
