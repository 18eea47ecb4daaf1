"""What the control surface can be told to do, and with which fields."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.stripe import clock
from local.stripe.api.errors import InvalidParameterError, no_such
from local.stripe.control_room import switches
from local.stripe.events import deliveries
from local.stripe.payments import checkout_sessions, disputes, lifecycle, refunds
from local.stripe.store import Json, Transaction

MAX_COUNT = 1_000_000
MAX_DUPLICATES = 100
MAX_SHUFFLED = 10_000
MAX_SEED = 2**63 - 1
MAX_API_DELAY_SECONDS = 60
MAX_DELIVERY_DELAY_SECONDS = 24 * 3600
MAX_CLOCK_STEP_SECONDS = 366 * 24 * 3600
FAILURES = (402, 409, 429, 500)
SETTLEMENTS = ("succeeded", "failed")


@dataclass(frozen=True, slots=True)
class Order:
    """A path below `/_sim`, the fields it takes with their types, and the work."""

    rule: str
    fields: Mapping[str, type]
    work: Callable[..., Json]


def webhooks(transaction: Transaction, wanted: Json) -> Json:
    """Change how deliveries go from now on."""
    if "hold" in wanted:
        transaction.set_switch("hold", wanted["hold"])
    limits = (
        ("lose_next", 0, MAX_COUNT),
        ("drop_next", 0, MAX_COUNT),
        ("duplicate", 1, MAX_DUPLICATES),
        ("delay_seconds", 0, MAX_DELIVERY_DELAY_SECONDS),
    )
    for name, least, most in limits:
        if name in wanted:
            transaction.set_switch(name, _within(wanted, name, least, most))
    if "shuffle" in wanted:
        count = _within(wanted, "shuffle", 0, MAX_SHUFFLED)
        seed = _within({"seed": secrets.randbelow(10**6), **wanted}, "seed", 0, MAX_SEED)
        deliveries.order_shuffle(transaction, count, seed)
    return webhook_state(transaction)


def webhook_state(transaction: Transaction) -> Json:
    """How deliveries go at the moment."""
    return {
        "hold": transaction.switch("hold", default=False),
        "lose_next": transaction.switch("lose_next", 0),
        "drop_next": transaction.switch("drop_next", 0),
        "duplicate": transaction.switch("duplicate", 1),
        "delay_seconds": transaction.switch("delay_seconds", 0),
        "shuffle": deliveries.shuffle_in_force(transaction),
    }


def retry(transaction: Transaction, _wanted: Json) -> Json:
    """Make everything undelivered due now."""
    return {"due": deliveries.retry(transaction)}


def replay(transaction: Transaction, wanted: Json) -> Json:
    """Deliver an event, or all since a moment, once more."""
    event_id = wanted.get("event")
    if event_id is None and "since" not in wanted:
        raise InvalidParameterError("Name an event, or the moment since when: event or since.")
    if event_id is not None and transaction.find("event", event_id) is None:
        raise no_such("event", event_id)
    since = wanted.get("since", 0)
    return {"queued": deliveries.replay(transaction, event_id=event_id, since=since)}


def api(transaction: Transaction, wanted: Json) -> Json:
    """Change what goes wrong with API calls."""
    for name, most in (
        ("skip_next", MAX_COUNT),
        ("fail_next", MAX_COUNT),
        ("delay_seconds", MAX_API_DELAY_SECONDS),
    ):
        if name in wanted:
            _within(wanted, name, 0, most)
    if "status" in wanted and wanted["status"] not in FAILURES:
        raise InvalidParameterError(f"status is one of {FAILURES}", param="status")
    current = api_state(transaction)
    if "fail_next" in wanted:
        # A new order replaces the old one whole: no status is left over from before.
        current = {**switches.QUIET, "delay_seconds": current["delay_seconds"]}
    current |= wanted
    transaction.set_switch(switches.API_SWITCH, current)
    return current


def api_state(transaction: Transaction) -> Json:
    """What goes wrong with API calls at the moment."""
    return {**switches.QUIET, **transaction.switch(switches.API_SWITCH, {})}


def move_clock(transaction: Transaction, wanted: Json) -> Json:
    """Move the stand-in's clock forward, and do what is due by then."""
    step = _within(wanted, "advance_seconds", 0, MAX_CLOCK_STEP_SECONDS)
    ahead = transaction.switch("clock_ahead_seconds", 0) + step
    transaction.set_switch("clock_ahead_seconds", ahead)
    transaction.now = int(time.time() + ahead)
    clock.catch_up(transaction)
    return {"now": transaction.now}


def settle_session(transaction: Transaction, wanted: Json, session_id: str) -> Json:
    """End a bank debit."""
    outcome = _one_of(wanted, "outcome", SETTLEMENTS)
    session = checkout_sessions.retrieve(transaction, {}, session_id)
    lifecycle.settle(transaction, session, succeeded=outcome == "succeeded")
    return session


def refund(transaction: Transaction, wanted: Json) -> Json:
    """Refund as from the Dashboard."""
    if "amount" in wanted:
        _within(wanted, "amount", 1, MAX_COUNT * MAX_COUNT)
    return refunds.create(transaction, wanted)


def settle_refund(transaction: Transaction, wanted: Json, refund_id: str) -> Json:
    """End a refund that is under way."""
    return refunds.settle(transaction, refund_id, _one_of(wanted, "outcome", tuple(refunds.BEFORE)))


def dispute(transaction: Transaction, wanted: Json) -> Json:
    """Have the payer's bank dispute a payment."""
    return disputes.open_case(transaction, wanted)


def act_on_dispute(transaction: Transaction, _wanted: Json, dispute_id: str, action: str) -> Json:
    """Take a dispute one step further."""
    return disputes.act(transaction, dispute_id, action)


ORDERS = (
    Order(
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
    Order("webhooks/retry", {}, retry),
    Order("webhooks/replay", {"event": str, "since": int}, replay),
    Order(
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
    Order("clock", {"advance_seconds": int}, move_clock),
    Order("sessions/<session_id>/settle", {"outcome": str}, settle_session),
    Order(
        "refunds",
        {"charge": str, "payment_intent": str, "amount": int, "reason": str},
        refund,
    ),
    Order("refunds/<refund_id>/settle", {"outcome": str}, settle_refund),
    Order(
        "disputes",
        {"charge": str, "payment_intent": str, "amount": int, "inquiry": bool, "reason": str},
        dispute,
    ),
    Order("disputes/<dispute_id>/<action>", {}, act_on_dispute),
)


def _within(wanted: Json, name: str, least: int, most: int) -> Any:
    value = wanted.get(name)
    if value is None or not least <= value <= most:
        raise InvalidParameterError(f"{name} must be from {least} to {most}.")
    return value


def _one_of(wanted: Json, name: str, words: tuple[str, ...]) -> str:
    value = wanted.get(name)
    if value not in words:
        raise InvalidParameterError(f"{name} is {', '.join(words[:-1])} or {words[-1]}")
    return str(value)
