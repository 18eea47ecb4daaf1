"""Data for the control room's page: payments and their possible actions, events, switches."""

from __future__ import annotations

import datetime as dt
import json
import time
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from local.stripe.control_room.commands import FAILURES, api_state, webhook_state
from local.stripe.events import delivery_queue, webhook_endpoints
from local.stripe.payments import balance_transactions, disputes, payouts, refunds

if TYPE_CHECKING:
    import sqlite3

    from local.stripe.store import Json, Transaction

PAYMENTS_SHOWN = 20
PAYOUTS_SHOWN = 5
EVENTS_SHOWN = 50


def overview(transaction: Transaction) -> dict[str, Any]:
    """Return the variables of the page's template."""
    return {
        "now": dt.datetime.fromtimestamp(transaction.now, dt.UTC),
        "ahead_seconds": transaction.ahead_seconds,
        "webhooks": webhook_state(transaction),
        "api": api_state(transaction),
        "failures": FAILURES,
        "endpoint": webhook_endpoints.retrieve(transaction, {}, webhook_endpoints.ENDPOINT_ID),
        "payments": [_payment(transaction, session) for session in _sessions(transaction)],
        "balances": _balances(transaction),
        "payouts": _payouts(transaction),
        "events": _events(transaction),
    }


def _balances(transaction: Transaction) -> list[Json]:
    """Return what is available and what is pending, in minor units of each currency."""
    balance = balance_transactions.balance(transaction, {})
    return [
        {"currency": now["currency"], "available": now["amount"], "pending": later["amount"]}
        for now, later in zip(balance["available"], balance["pending"], strict=True)
    ]


def _payouts(transaction: Transaction) -> list[Json]:
    """Return the newest payouts with their possible outcomes."""
    newest = payouts.list_(transaction, {"limit": PAYOUTS_SHOWN})["data"]
    return [
        {
            **payout,
            "outcomes": [
                outcome
                for outcome, statuses in payouts.POSSIBLE_FROM.items()
                if payout["status"] in statuses
            ],
        }
        for payout in newest
    ]


def _sessions(transaction: Transaction) -> list[Json]:
    rows = transaction.sql.execute(
        "select body from objects where kind = 'checkout.session' order by seq desc limit ?",
        (PAYMENTS_SHOWN,),
    ).fetchall()
    return [json.loads(row["body"]) for row in rows]


def _payment(transaction: Transaction, session: Json) -> Json:
    """Return a session with its charge, refunds and disputes."""
    intent = transaction.find("payment_intent", session["payment_intent"] or "")
    charge = transaction.find("charge", (intent or {}).get("latest_charge") or "")
    arrived = charge is not None and charge["status"] == "succeeded"
    details = session["customer_details"] or {}
    return {
        "session": session,
        "charge": charge if arrived else None,
        "title": transaction.private(session["id"])["line_items"][0]["description"],
        "email": details.get("email"),
        "state": "refunded" if charge and charge["refunded"] else _state(session, intent),
        "under_way": bool(intent and intent["status"] == "processing"),
        "left": charge["amount"] - charge["amount_refunded"] if charge and arrived else 0,
        "refunds": [_refund(each) for each in _about(transaction, "refund", charge)],
        "disputes": [_dispute(each) for each in _about(transaction, "dispute", charge)],
    }


def _state(session: Json, intent: Json | None) -> str:
    if session["status"] != "complete":
        return str(session["status"])
    if session["payment_status"] == "unpaid":
        return "processing" if intent and intent["status"] == "processing" else "failed"
    return {"paid": "paid", "no_payment_required": "free"}[session["payment_status"]]


def _about(transaction: Transaction, kind: str, charge: Json | None) -> list[Json]:
    if charge is None:
        return []
    rows = transaction.sql.execute(
        "select body from objects where kind = ? and json_extract(body, '$.charge') = ?"
        " order by seq limit 20",
        (kind, charge["id"]),
    ).fetchall()
    return [json.loads(row["body"]) for row in rows]


def _refund(refund: Json) -> Json:
    possible = [
        outcome
        for outcome, statuses in refunds.POSSIBLE_FROM.items()
        if refund["status"] in statuses
    ]
    return {**refund, "outcomes": possible}


def _dispute(dispute: Json) -> Json:
    return {
        **dispute,
        "actions": disputes.possible_actions(dispute),
        "withdrawn": disputes.is_withdrawn(dispute),
    }


def _events(transaction: Transaction) -> list[Json]:
    rows = transaction.sql.execute(
        "select body from objects where kind = 'event' order by seq desc limit ?",
        (EVENTS_SHOWN,),
    ).fetchall()
    events = [json.loads(row["body"]) for row in rows]
    return [
        {
            "id": event["id"],
            "type": event["type"],
            "subject": event["data"]["object"]["id"],
            "at": dt.datetime.fromtimestamp(event["created"], dt.UTC),
            "delivery": _delivery(transaction, event["id"]),
        }
        for event in events
    ]


def _delivery(transaction: Transaction, event_id: str) -> Json:
    """Return the state of an event's delivery: a word for the badge, and a detail."""
    rows = transaction.sql.execute(
        "select * from deliveries where event_id = ? order by id", (event_id,)
    ).fetchall()
    waiting = [row for row in rows if row["delivered_at"] is None]
    if waiting:
        held = transaction.switch("hold", default=False)
        state, about = _undelivered(min(waiting, key=itemgetter("due_at")), held=held)
    elif rows:
        state, about = "delivered", f"{len(rows)} times" if len(rows) > 1 else ""
    else:
        # The endpoint is not registered for events of this type.
        state, about = "not sent", ""
    return {"state": state, "about": about}


def _undelivered(row: sqlite3.Row, *, held: bool) -> tuple[str, str]:
    if row["last_error"] == delivery_queue.DROPPED:
        return "dropped", "left to reconciliation"
    if row["due_at"] >= delivery_queue.NEVER:
        return "waiting", "to be shuffled"
    if held:
        return "held", ""
    if row["attempts"]:
        return "failing", f"{row['last_status'] or row['last_error']}, attempts: {row['attempts']}"
    seconds = round(row["due_at"] - time.time())
    return "waiting", f"due in {seconds} s" if seconds > 0 else "due now"
