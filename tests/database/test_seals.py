"""An order that this database did not begin is credited only with its ledger's id and seal."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.database.ledger import balance, decide, record, record_event, row_of
from tests.stripe_events import LEDGER_ID, OTHER_LEDGER, Order, Reversal, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    Database = Connection[dict[str, Any]]


@pytest.fixture
def undone(database: Database) -> Iterator[Database]:
    """The database inside a transaction that is rolled back."""
    with database.transaction(force_rollback=True):
        yield database


@pytest.mark.parametrize("valid_days", [None, 365])
def test_the_seal_of_a_begun_order_is_an_hmac_of_all_it_says(
    undone: Database, valid_days: int | None
) -> None:
    user, name = str(uuid.uuid4()), "Größter: 3:x"
    undone.execute(
        "update credit_packages set name = %s, valid_days = %s where id = 'starter'",
        [name, valid_days],
    )
    row = undone.execute(
        "select begin_purchase(%s, 'starter', false, 9) as order", [user]
    ).fetchone()
    assert row is not None
    begun = row["order"]
    assert begun["ledger_id"] == LEDGER_ID
    order = Order(
        user_id=user,
        order_id=begun["order_id"],
        package_name=name,
        unit_amount=begun["unit_amount"],
        credits=begun["credits"],
        valid_days=valid_days,
    )
    assert begun["seal"] == order.seal()


def test_a_key_is_padded_as_hmac_says(undone: Database) -> None:
    row = undone.execute("select purse.add_seal_key() as id, array[]::text[] as fields").fetchone()
    assert row is not None
    keys = undone.execute(
        "select inner_key, outer_key, purse.seal_with(id, 'any', array['a', null, '']) as seal"
        " from purse.seal_keys where id = %s",
        [row["id"]],
    ).fetchone()
    assert keys is not None
    key = bytes(byte ^ 0x36 for byte in keys["inner_key"])
    assert key == bytes(byte ^ 0x5C for byte in keys["outer_key"])
    assert key[32:] == bytes(32)
    assert len(set(key[:32])) > 8
    message = f"6:v1:any{len(str(row['id']))}:{row['id']}1:a-0:"
    digest = hmac.new(key[:32], message.encode(), hashlib.sha256).hexdigest()
    assert keys["seal"] == f"v1.{row['id']}.{digest}"


def test_our_unknown_order_with_a_valid_seal_settles(database: Database) -> None:
    order = Order(valid_days=9, package_name="Großes Paket")
    record(database, order.facts("paid"))
    assert balance(database, order) == 500


@pytest.mark.parametrize(
    "edit",
    [
        {"credits": 1_000_000_000},
        {"unit_amount": 1, "amount_subtotal": 1, "amount_paid": 1},
        {"package_id": "creator"},
        {"package_name": "Other"},
        {"currency": "eur", "currency_paid": "eur"},
        {"valid_days": 30},
        {"user_id": str(uuid.uuid4())},
        {"order_id": str(uuid.uuid4())},
        {"seal": None},
        {"seal": ""},
        {"seal": "v1.1." + "0" * 64},
        {"seal": "v2.1." + "0" * 64},
        {"seal": "v1.99999999999." + "0" * 64},
        {"seal": "v1.7." + "0" * 64},
        {"seal": "v1.1.\x00"[:5] + "é"},
    ],
)
def test_our_unknown_order_with_a_bad_seal_waits_for_a_person(
    database: Database, edit: dict[str, Any]
) -> None:
    facts = {**Order().facts("paid"), **edit}
    order = Order(user_id=facts["user_id"], order_id=facts["order_id"])
    record(database, facts)
    row = row_of(database, "purchases", order.order_id)
    assert (row["status"], row["sealed"], balance(database, order)) == ("mismatch", False, 0)
    decide(database, order, accept=True)
    assert balance(database, order) == facts["credits"]


def test_a_seal_for_another_purpose_mode_or_ledger_is_none(database: Database) -> None:
    for seal in (
        Order().seal(),
        (order := Order()).seal(purpose="plan"),
        order.seal(livemode=True),
        order.seal(key_id=2),
        Order(order_id=order.order_id, user_id=order.user_id, ledger_id=OTHER_LEDGER).seal(),
    ):
        record(database, order.facts("paid", seal=seal))
        assert row_of(database, "purchases", order.order_id)["status"] == "mismatch"
    # The right one comes by another path.
    record(database, order.facts("paid"))
    assert balance(database, order) == 500


@pytest.mark.parametrize("ledger_id", [OTHER_LEDGER, None, "", "nonsense"])
def test_an_unknown_order_of_another_ledger_is_ignored_whatever_its_seal(
    database: Database, ledger_id: str | None
) -> None:
    other = Order(ledger_id=ledger_id or "")
    facts = other.facts("paid", ledger_id=ledger_id)
    assert record_event(database, event("checkout.session.completed", {}), facts) == "ignored"
    assert (
        database.execute("select 1 from purchases where id = %s", [other.order_id]).fetchall() == []
    )


def test_after_a_rotation_old_seals_verify_and_new_ones_are_made(undone: Database) -> None:
    old, user = Order(), str(uuid.uuid4())
    row = undone.execute("select purse.add_seal_key() as id").fetchone()
    assert row is not None
    record(undone, old.facts("paid"))
    assert balance(undone, old) == 500
    begun = undone.execute(
        "select begin_purchase(%s, 'starter', false, 9) as order", [user]
    ).fetchone()
    assert begun is not None
    assert begun["order"]["seal"].startswith(f"v1.{row['id']}.")


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_nobody_but_the_owner_reads_keys_or_makes_seals(undone: Database, role: str) -> None:
    for statement in (
        "select * from purse.seal_keys",
        "select * from purse.ledger",
        "select purse.seal_with(1, 'order', array['x'])",
        "select purse.add_seal_key()",
    ):
        undone.execute(f"set local role {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), undone.transaction():
            undone.execute(statement)
        undone.execute("reset role")


def second_payment(order: Order) -> dict[str, Any]:
    """Return the facts of another session of the same order that was paid, too."""
    return order.facts(
        "paid",
        checkout_session_id=f"{order.session_id}_2",
        payment_intent_id=f"pi_{order.suffix}_2",
    )


@pytest.mark.parametrize("refunded", ["", "_2"])
@pytest.mark.parametrize("second_first", [True, False])
def test_both_payments_of_an_order_are_remembered_and_either_may_be_refunded(
    database: Database, refunded: str, *, second_first: bool
) -> None:
    order = Order()
    payments = [order.facts("paid"), second_payment(order)]
    record(database, *(reversed(payments) if second_first else payments))
    assert balance(database, order) == 500

    def named() -> list[list[str]]:
        row = database.execute("select doctor() -> 'second_payments' as found").fetchone()
        assert row is not None
        return [case["payments"] for case in row["found"] if case["order_id"] == order.order_id]

    assert named() == [[f"pi_{order.suffix}", f"pi_{order.suffix}_2"]]
    refund = {**Reversal(order).refund(499), "payment_intent_id": f"pi_{order.suffix}{refunded}"}
    record(database, refund)
    assert balance(database, order) == 500
    assert named() == []
    other = "" if refunded else "_2"
    record(
        database,
        {**Reversal(order).refund(499), "payment_intent_id": f"pi_{order.suffix}{other}"},
    )
    exported = database.execute(
        "select export_account(%s, 'orders', null, 10) -> 'rows' -> 0 -> 'reversals' as refunds",
        [order.user_id],
    ).fetchone()
    assert exported is not None
    assert len(exported["refunds"]) == 2
    assert balance(database, order) == 0


def test_an_empty_database_can_adopt_a_ledgers_id_and_no_other(undone: Database) -> None:
    undone.execute("select adopt_ledger(%s)", [LEDGER_ID])
    record(undone, Order().facts("open"))
    undone.execute("select adopt_ledger(%s)", [LEDGER_ID])
    with pytest.raises(psycopg.DatabaseError) as refused:
        undone.execute("select adopt_ledger(%s)", [OTHER_LEDGER])
    assert refused.value.sqlstate == "PT409"


def test_an_order_that_a_person_confirmed_needs_no_seal(database: Database) -> None:
    order = Order(ledger_id=OTHER_LEDGER)
    record(database, order.facts("paid", seal=None, confirmed=True))
    assert balance(database, order) == 500
