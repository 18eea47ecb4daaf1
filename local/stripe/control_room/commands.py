"""The commands of the control room: paths, fields, and the functions that carry them out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.stripe import ageing, clock
from local.stripe.api.errors import InvalidParameterError, no_such
from local.stripe.control_room import money_commands, switches
from local.stripe.control_room.command_input import within
from local.stripe.events import delivery_queue
from local.stripe.payments import balance_transactions, checkout_sessions, taxes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.stripe.store import Json, Transaction

MAX_COUNT = 1_000_000
MAX_DUPLICATES = 100
MAX_SHUFFLED = 10_000
MAX_SEED = 2**63 - 1
MAX_API_DELAY_SECONDS = 60
MAX_DELIVERY_DELAY_SECONDS = 24 * 3600
MAX_CLOCK_STEP_SECONDS = 366 * 24 * 3600
FAILURES = (402, 409, 429, 500)


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        rule: The path below /_sim, with Flask's placeholders.
        fields: The fields it accepts, with their types.
        work: Called with the transaction, the fields, and the values from the path.
    """

    rule: str
    fields: Mapping[str, type]
    work: Callable[..., Json]


def webhooks(transaction: Transaction, fields: Json) -> Json:
    """Change how webhooks are delivered from now on."""
    if "hold" in fields:
        transaction.set_switch("hold", fields["hold"])
    limits = (
        ("lose_next", 0, MAX_COUNT),
        ("drop_next", 0, MAX_COUNT),
        ("duplicate", 1, MAX_DUPLICATES),
        ("delay_seconds", 0, MAX_DELIVERY_DELAY_SECONDS),
    )
    for name, least, most in limits:
        if name in fields:
            transaction.set_switch(name, within(fields, name, least, most))
    if "shuffle" in fields:
        count = within(fields, "shuffle", 0, MAX_SHUFFLED)
        seed = within({"seed": secrets.randbelow(10**6), **fields}, "seed", 0, MAX_SEED)
        delivery_queue.start_shuffle(transaction, count, seed)
    return webhook_state(transaction)


def webhook_state(transaction: Transaction) -> Json:
    """Return how webhooks are delivered at present."""
    return {
        "hold": transaction.switch("hold", default=False),
        "lose_next": transaction.switch("lose_next", 0),
        "drop_next": transaction.switch("drop_next", 0),
        "duplicate": transaction.switch("duplicate", 1),
        "delay_seconds": transaction.switch("delay_seconds", 0),
        "shuffle": delivery_queue.current_shuffle(transaction),
    }


def retry(transaction: Transaction, _fields: Json) -> Json:
    """Make all undelivered webhooks due now, except dropped ones."""
    return {"due": delivery_queue.retry(transaction)}


def replay(transaction: Transaction, fields: Json) -> Json:
    """Deliver one event, or all events since a Unix time, again."""
    event_id = fields.get("event")
    if event_id is None and "since" not in fields:
        raise InvalidParameterError(
            "Give the id of an event, or the Unix time from which to replay: event or since."
        )
    if event_id is not None and transaction.find("event", event_id) is None:
        raise no_such("event", event_id)
    since = fields.get("since", 0)
    return {"queued": delivery_queue.replay(transaction, event_id=event_id, since=since)}


def api(transaction: Transaction, fields: Json) -> Json:
    """Change which API calls fail or are slow from now on."""
    for name, most in (
        ("skip_next", MAX_COUNT),
        ("fail_next", MAX_COUNT),
        ("delay_seconds", MAX_API_DELAY_SECONDS),
    ):
        if name in fields:
            within(fields, name, 0, most)
    if "status" in fields and fields["status"] not in FAILURES:
        raise InvalidParameterError(f"status is one of {FAILURES}", param="status")
    current = api_state(transaction)
    if "fail_next" in fields:
        # A new command replaces the previous one completely, its status included.
        current = {**switches.QUIET, "delay_seconds": current["delay_seconds"]}
    current |= fields
    transaction.set_switch(switches.API_SWITCH, current)
    return current


def api_state(transaction: Transaction) -> Json:
    """Return which API calls fail or are slow at present."""
    return {**switches.QUIET, **transaction.switch(switches.API_SWITCH, {})}


def move_clock(transaction: Transaction, fields: Json) -> Json:
    """Move the stand-in's clock forward and make the changes that are then due, or put it right.

    What has happened stays: a session that expired is still expired when the clock is back.
    """
    if fields.get("reset"):
        transaction.set_clock(0)
        return {"now": transaction.now}
    step = within(fields, "advance_seconds", 0, MAX_CLOCK_STEP_SECONDS)
    transaction.set_clock(transaction.ahead_seconds + step)
    clock.catch_up(transaction)
    return {"now": transaction.now}


def age(transaction: Transaction, fields: Json) -> Json:
    """Move what has happened into the past, without changing the clock."""
    return {"aged": ageing.age(transaction, within(fields, "seconds", 0, MAX_CLOCK_STEP_SECONDS))}


COMMANDS = (
    Command(
        "webhooks",
        {
            "hold": bool,
            "lose_next": int,
            "drop_next": int,
            "duplicate": int,
            "delay_seconds": float,
            "shuffle": int,
            "seed": int,
        },
        webhooks,
    ),
    Command("webhooks/retry", {}, retry),
    Command("webhooks/replay", {"event": str, "since": int}, replay),
    Command(
        "api",
        {
            "skip_next": int,
            "fail_next": int,
            "status": int,
            "after_commit": bool,
            "delay_seconds": float,
            "path": str,
        },
        api,
    ),
    Command("clock", {"advance_seconds": int, "reset": bool}, move_clock),
    Command(
        "account",
        {
            checkout_sessions.TERMS_SWITCH: str,
            balance_transactions.SETTLEMENT_SWITCH: str,
            balance_transactions.RATE_SWITCH: float,
            taxes.RATE_SWITCH: int,
        },
        money_commands.account,
    ),
    Command("payouts", {"currency": str}, money_commands.pay_out),
    Command("payouts/<payout_id>/settle", {"outcome": str}, money_commands.settle_payout),
    Command(
        "sessions/<session_id>/present", {"currency": str, "amount": int}, money_commands.present
    ),
    Command("customers/<customer_id>/subscribe", {"currency": str}, money_commands.subscribe),
    Command("age", {"seconds": int}, age),
    Command("sessions/<session_id>/settle", {"outcome": str}, money_commands.settle_session),
    Command(
        "refunds",
        {"charge": str, "payment_intent": str, "amount": int, "reason": str},
        money_commands.refund,
    ),
    Command("refunds/<refund_id>/settle", {"outcome": str}, money_commands.settle_refund),
    Command(
        "disputes",
        {"charge": str, "payment_intent": str, "amount": int, "inquiry": bool, "reason": str},
        money_commands.dispute,
    ),
    Command("disputes/<dispute_id>/<action>", {}, money_commands.act_on_dispute),
)
