"""Deleting an account: the calls, and what is there afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.database.ledger import record
from tests.database.purse import Purse, key
from tests.stripe_events import Order

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

# Functions for a person, with arguments that an open account may give.
PERSONS: dict[str, Callable[[Purse], tuple[Any, ...]]] = {
    "spend_credits": lambda p: (p.user_id, "docx_processing", 1, key()),
    "hold_credits": lambda p: (p.user_id, "docx_processing", 1, key(), 60),
    "begin_purchase": lambda p: (p.user_id, "starter", False, 10),
    "invoiced_session": lambda p: (p.user_id, Order().order_id),
    "payment_of_order": lambda p: (p.user_id, Order().order_id),
    "refresh_credits": lambda p: (p.user_id, 20),
    "claim_stripe_lookup": lambda p: (p.user_id, 1),
    "count_request": lambda p: (p.user_id, "receipt", 20, 60),
    "link_stripe_customer": lambda p: (p.user_id, False, "cus_new"),
    "grant_credits": lambda p: (p.user_id, 5, "bonus", "ann", "because", key()),
    "grant_signup_bonus": lambda p: (p.user_id, f"{key()}@example.com", 5),
    "redeem_code": lambda p: (p.user_id, "an address", "a network", "00" * 32, 10, 100),
    "move_purse": lambda p: (p.user_id, Order().user_id, "ann", "why"),
    "begin_file": lambda p: (p.user_id, "txt_upload", "a.txt", 1, "text/plain", key(), 60),
    "read_files": lambda p: (p.user_id, 20),
    "lease_file": lambda p: (p.user_id, Order().order_id, 60, True),
    "delete_file": lambda p: (p.user_id, Order().order_id),
    "read_account": lambda p: (p.user_id,),
    "read_offers": lambda p: (p.user_id,),
    "export_profile": lambda p: (p.user_id,),
    "export_history": lambda p: (p.user_id, None, 20),
    "record_waiver": lambda p: (p.user_id, Order().order_id, "the words"),
    "quote_withdrawal": lambda p: (Order().order_id, p.user_id, 14),
    "withdraw": lambda p: (Order().order_id, p.user_id, 14),
    "quote_refund": lambda p: (Order().order_id, p.user_id),
    "begin_refund": lambda p: (Order().order_id, "ann", "why", key(), None, p.user_id),
    "note_store_opened": lambda p: (p.user_id,),
    "export_account": lambda p: (p.user_id, "lots", None, 10),
}


def forget(purse: Purse, balance: int | None = None) -> Any:
    """Delete the account; ann does it."""
    return purse.call("forget_user", purse.user_id, "ann", "they asked", balance)


def account(purse: Purse) -> tuple[int, int]:
    """Return what the deleted account has: balance and held."""
    row = purse.database.execute(
        "select balance, held from user_credits where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row is not None
    return row["balance"], row["held"]


def doctor(purse: Purse) -> dict[str, Any]:
    """Return what doctor says of this person: problems of the ledger, and of the deletion."""
    ledger, deleted = purse.call("doctor"), purse.call("doctor_deleted")
    lists = {**{name: ledger[name] for name in ("balances_off", "lots_off", "postings_off")}}
    lists |= {name: deleted[name] for name in ("left_behind", "with_credits")}
    return {
        name: cases
        for name, found in lists.items()
        if (cases := [case for case in found if case["user_id"] == purse.user_id])
    }


def finish(purse: Purse, *customers: str) -> bool:
    """Tell that Stripe has deleted these customers; return whether the deletion has ended."""
    done: bool = purse.call("finish_forgetting", purse.user_id, list(customers))
    return done


def customer_of(purse: Purse, customer_id: str | None = None, *, livemode: bool = False) -> str:
    """Let an order of this person name a customer at Stripe; return the customer's id."""
    customer = customer_id or f"cus_{key()}"
    order = Order(user_id=purse.user_id)
    record(purse.database, order.facts("open"))
    purse.database.execute(
        "update purchases set customer_id = %s, livemode = %s where id = %s",
        [customer, livemode, order.order_id],
    )
    return customer


def unfinished(purse: Purse, *, livemode: bool | None = False, most: int = 1_000_000) -> list[UUID]:
    """Return the accounts that a deployment with keys of this mode goes on deleting."""
    found: list[UUID] = purse.call("unfinished_forgettings", livemode, most)
    return found
