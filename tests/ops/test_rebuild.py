"""make rebuild and make reconcile: the ledger from Stripe alone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from local.environment import functions_settings
from local.stack import ROOT
from tests import shop
from tests.support import User, until, use_known_seal

if TYPE_CHECKING:
    from tests.ops.conftest import Operator

# Every buyer's balance. A buyer whose only purchase was refunded may have no account after a
# rebuild, and accounts that never bought anything are unknown to Stripe.
BUYERS = """
    select p.user_id, coalesce(max(u.balance), 0) as balance
    from purchases p
    left join user_credits u on u.user_id = p.user_id
    group by p.user_id
    order by p.user_id
"""
EVERYTHING = (
    "truncate credit_transactions, credit_lot_rows, credit_holds, files, user_credits, purchases,"
    " purchase_payments, purchase_reversals, stripe_events, stripe_customers, stripe_lookups,"
    " reconciliations, card_declines, code_redemptions, refund_requests, withdrawals,"
    " withdrawal_waivers, grant_lines"
)


@pytest.fixture
def customers(operator: Operator) -> list[User]:
    """Users who bought twice, got a partial refund, disputed, or wait for a bank debit."""
    stack = operator.stack
    users = [stack.sign_up() for _ in range(4)]
    twice, refunded, disputed, waiting = users
    shop.buy(stack, twice)
    shop.buy(stack, twice, "creator")
    shop.refund(stack, shop.buy(stack, refunded, "professional"), 1000)
    stack.simulate("disputes", payment_intent=shop.payment_of(stack, shop.buy(stack, disputed)))
    shop.pay_by_bank(stack, shop.begin(stack, waiting))
    # 3500 * 1000 / 2999, rounded against the buyer.
    expected = [2000, 3500 - 1168, 0, 0]
    until(lambda: balances(operator, users) == expected, "all webhooks have come")
    return users


def balances(operator: Operator, users: list[User]) -> list[int]:
    return [operator.stack.balance_of(user) for user in users]


def rows(operator: Operator, statement: str) -> list[dict[str, Any]]:
    with operator.stack.connect() as database:
        return database.execute(statement).fetchall()


PURCHASES = """
    select id, user_id, package_id, package_name, credits, unit_amount, currency, livemode,
        checkout_session_id, payment_intent_id, amount_subtotal, amount_paid, amount_tax,
        amount_discount, currency_paid, credits_posted, status
    from purchases where checkout_session_id is not null order by id
"""


def test_an_emptied_ledger_comes_back_to_the_last_credit(
    operator: Operator, customers: list[User]
) -> None:
    before = balances(operator, customers)
    purchases = rows(operator, PURCHASES)
    everybody = rows(operator, BUYERS)
    operator.tamper(EVERYTHING)
    assert balances(operator, customers) == [0, 0, 0, 0]

    rehearsal = operator.run("rebuild")
    assert rehearsal.status == 0, rehearsal.text
    assert "Nothing is written" in rehearsal.text
    assert str(customers[0].id) in rehearsal.text
    assert balances(operator, customers) == [0, 0, 0, 0]
    assert rows(operator, "select 1 from purchases") == []

    rebuilt = operator.run("rebuild", APPLY="1")
    assert rebuilt.status == 0, rebuilt.text
    assert balances(operator, customers) == before
    assert rows(operator, PURCHASES) == purchases
    assert rows(operator, BUYERS) == everybody
    assert operator.run("doctor").status == 0


def test_a_lost_database_comes_back_when_a_person_names_its_ledger(
    operator: Operator, customers: list[User]
) -> None:
    before = balances(operator, customers)
    ledger_id = rows(operator, "select id from purse.ledger")[0]["id"]
    operator.tamper(EVERYTHING)
    # A new database has an id and keys of its own.
    operator.tamper("update purse.ledger set id = gen_random_uuid()")
    operator.tamper("update purse.seal_keys set inner_key = sha512('x'), outer_key = sha512('y')")
    ignored = operator.run("rebuild", APPLY="1")
    assert ignored.status == 0, ignored.text
    assert f"make rebuild LEDGER={ledger_id}" in ignored.text
    assert balances(operator, customers) == [0, 0, 0, 0]

    shown = operator.run("rebuild", LEDGER=str(ledger_id))
    assert shown.status == 0, shown.text
    assert all(str(user.id) in shown.text for user in customers[:2])
    assert balances(operator, customers) == [0, 0, 0, 0]

    rebuilt = operator.run("rebuild", LEDGER=str(ledger_id), APPLY="1")
    assert rebuilt.status == 0, rebuilt.text
    assert balances(operator, customers) == before
    assert rows(operator, "select id from purse.ledger") == [{"id": ledger_id}]
    with operator.stack.connect() as database:
        use_known_seal(database)
    assert operator.run("doctor").status == 0

    other = operator.run("rebuild", LEDGER="5eed0000-0000-4000-8000-00000000000f", APPLY="1")
    assert other.status == 1
    assert "cannot become another one" in other.text


def test_a_whole_ledger_is_left_as_it_is(operator: Operator, customers: list[User]) -> None:
    before = balances(operator, customers)
    written = rows(operator, "select count(*), max(id) from credit_transactions")
    outcome = operator.run_anew("rebuild", "--apply")
    assert outcome.status == 0, outcome.text
    assert "to change          0 purchases" in outcome.text
    assert balances(operator, customers) == before
    assert rows(operator, "select count(*), max(id) from credit_transactions") == written


def test_what_the_rehearsal_says_is_what_is_missing(
    operator: Operator, customers: list[User]
) -> None:
    user = customers[1]
    for table in ("credit_transactions", "credit_lot_rows", "user_credits"):
        operator.tamper(f"delete from {table} where user_id = %s", user.id)
    operator.tamper(
        "delete from purchase_payments where purchase_id in"
        " (select id from purchases where user_id = %s)",
        user.id,
    )
    operator.tamper("delete from purchases where user_id = %s", user.id)
    outcome = operator.run("rebuild")
    (line,) = [line for line in outcome.text.splitlines() if user.id in line]
    assert line.split()[-2:] == ["0", "2,332"]
    assert "+2,332 credits, of 1 users" in outcome.text
    assert operator.run("reconcile", "--since", "2020-01-01").status == 0
    assert operator.stack.balance_of(user) == 2332


def test_reconcile_counts_what_it_found_and_mended(operator: Operator) -> None:
    assert operator.run("reconcile").status == 0
    with shop.no_webhooks(operator.stack):
        user = operator.stack.sign_up()
        shop.buy(operator.stack, user)
    outcome = operator.run("reconcile")
    assert outcome.status == 0, outcome.text
    assert ["repaired", "1"] in [line.split() for line in outcome.text.splitlines()]
    assert operator.stack.balance_of(user) == 500


def test_reconcile_names_what_is_refused(operator: Operator) -> None:
    with shop.no_webhooks(operator.stack):
        session_id = shop.buy(operator.stack, operator.stack.sign_up())
    thief = operator.stack.sign_up()
    operator.tamper(
        "update purchases set user_id = %s where checkout_session_id = %s", thief.id, session_id
    )
    for command in ("reconcile", "rebuild"):
        outcome = operator.run(command)
        assert outcome.status == 1
        assert session_id in outcome.text
    operator.tamper("delete from purchase_payments where checkout_session_id = %s", session_id)
    operator.tamper("delete from purchases where checkout_session_id = %s", session_id)
    assert operator.run("reconcile", "--since", "2020-01-01").status == 0


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", ""])
def test_a_date_that_is_none_is_refused(operator: Operator, since: str) -> None:
    outcome = operator.run("reconcile", "--since", since)
    assert outcome.status == 2
    assert "--since" in outcome.text


def test_a_terminal_shows_how_far_it_has_come(operator: Operator, customers: list[User]) -> None:
    assert customers
    ours, theirs = pty.openpty()
    shown = bytearray()

    def read() -> None:
        try:
            while chunk := os.read(ours, 4096):
                shown.extend(chunk)
        except OSError:  # the other end is closed
            return

    reader = threading.Thread(target=read)
    reader.start()
    subprocess.run(
        [sys.executable, "-m", "ops.reconcile", "--since", "2020-01-01"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "NO_PROXY": "*", **functions_settings(operator.stack)},
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=120,
        check=True,
    )
    os.close(theirs)
    reader.join(20)
    os.close(ours)
    assert b"\r  sessions" in shown
    assert b"\r  disputes" in shown
