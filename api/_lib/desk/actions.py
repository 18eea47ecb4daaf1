"""What staff may do to a person's account: read the request, do it, finish what lies outside."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib.accounts.forgetting import finish_all
from api._lib.desk.asking import ask
from api._lib.desk.fields import (
    MAX_CREDITS,
    MAX_DAYS,
    MAX_NAME,
    flag_of,
    moment_of,
    price_of,
    row_id_of,
    text_of,
    uuid_of,
    whole,
)
from api._lib.desk.refunds import carry_out, require_stripe
from api._lib.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The largest whole number that JavaScript keeps exact.
MAX_AMOUNT = MAX_BALANCE = 2**53
MAX_REASON = 500
MAX_NOTE = 2000
MAX_OFFER_NOTE = 500
# As in api/account.py: what is left of a deletion after this is the daily clean-up's.
FINISH_SECONDS = 25


@dataclass(frozen=True)
class Action:
    """Something that a member of staff wants to do.

    Attributes:
        name: As in ACTIONS.
        user_id: Whom it is about.
        arguments: As desk_act in sql/ takes them.
        reason: Why; of a note, its text.
        preview: Only say what would happen.
        balance: The balance in credits that they were shown, or None.
    """

    name: str
    user_id: str
    arguments: Mapping[str, Any]
    reason: str
    preview: bool
    balance: int | None


def _none(_body: Mapping[str, Any]) -> dict[str, Any]:
    return {}


def _granted(body: Mapping[str, Any]) -> dict[str, Any]:
    arguments = {"credits": whole(body, "credits", 1, MAX_CREDITS)}
    if body.get("valid_days") is not None:
        arguments["valid_days"] = whole(body, "valid_days", 1, MAX_DAYS)
    return arguments


def _corrected(body: Mapping[str, Any]) -> dict[str, Any]:
    credits_ = whole(body, "credits", -MAX_CREDITS, MAX_CREDITS)
    if credits_ == 0:
        raise InvalidRequestError("A correction of 0 credits changes nothing.")
    return {"credits": credits_}


def _undone(body: Mapping[str, Any]) -> dict[str, Any]:
    named = row_id_of(body, "transaction_id", "Name the spend by its transaction_id.")
    return {"transaction_id": named}


def _refunded(body: Mapping[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"purchase_id": uuid_of(body, "purchase_id")}
    if body.get("amount") is not None:
        arguments["amount"] = whole(body, "amount", 1, MAX_AMOUNT)
    return arguments


def _offered(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": text_of(body, "name", MAX_NAME),
        "credits": whole(body, "credits", 1, MAX_CREDITS),
        **price_of(body),
        "note": None if body.get("note") is None else text_of(body, "note", MAX_OFFER_NOTE),
        "ends_at": moment_of(body, "ends_at"),
    }


# Action -> reads its own fields from the body.
ACTIONS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "grant": _granted,
    "correct": _corrected,
    "undo": _undone,
    "release": lambda body: {"hold_id": uuid_of(body, "hold_id")},
    "refund": _refunded,
    "resend": lambda body: {"order_id": uuid_of(body, "order_id")},
    "offer": _offered,
    "withdraw_offer": lambda body: {"offer_id": uuid_of(body, "offer_id")},
    "move": lambda body: {"to_user_id": uuid_of(body, "to_user_id")},
    "forget": _none,
    "export": _none,
    "note": _none,
}


def action_of(body: Mapping[str, Any]) -> Action:
    """Return the action that a request's body names. Pure.

    Raises:
        InvalidRequestError: A field is missing or out of bounds.
    """
    name = body.get("action")
    read = ACTIONS.get(name) if isinstance(name, str) else None
    if not isinstance(name, str) or read is None:
        raise InvalidRequestError(f"action must be one of: {', '.join(ACTIONS)}.")
    user_id = uuid_of(body, "user_id")
    arguments = read(body)
    if name == "move" and arguments["to_user_id"] == user_id:
        raise InvalidRequestError("A purse moves to another account.")
    preview = flag_of(body, "preview")
    balance = body.get("balance")
    if balance is not None:
        balance = whole(body, "balance", -MAX_BALANCE, MAX_BALANCE)
    reason = text_of(body, "reason", MAX_NOTE if name == "note" else MAX_REASON)
    return Action(name, user_id, arguments, reason, preview, balance)


def act(actor_id: str, action: Action, idempotency_key: str | None) -> dict[str, Any]:
    """Do an action, or say what it would do; return what desk_act in sql/ answers.

    `finished` says of a deletion whether nothing is left outside the database, and of a refund
    whether it has ended. The details of a refund that was begun are those of the refund as it is
    when this returns.

    Raises:
        PurseError: As ask() does.
        PaymentsDisabledError: A refund needs Stripe. Nothing was done.
    """
    if action.name == "refund":
        require_stripe()
    done: dict[str, Any] = ask(
        "desk_act",
        actor_id,
        p_action=action.name,
        p_user_id=action.user_id,
        p_arguments=action.arguments,
        p_reason=action.reason,
        p_idempotency_key=idempotency_key,
        p_preview=action.preview,
        p_balance=action.balance,
    )
    finished = True
    if action.name == "forget" and not action.preview:
        finished = finish_all(
            tuple(done["details"]["user_ids"]), deadline=time.monotonic() + FINISH_SECONDS
        )
    if action.name == "refund" and not action.preview:
        done["details"] = carry_out(done["details"])
        finished = done["details"]["status"] != "begun"
    return {**done, "finished": finished}
