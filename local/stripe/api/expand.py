"""`expand[]`: replace ids in an answer with the objects they refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError
from local.stripe.api.lists import Query, as_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stripe.store import Json, Transaction

MAX_DEPTH = 4
LINE_ITEMS_SHOWN = 10


def expand(transaction: Transaction, answer: Json, paths: list[str]) -> Json:
    """Expand every path of the answer in place, and return the answer.

    Raises:
        InvalidParameterError: A path is too deep, or names something that cannot be expanded.
    """
    for path in paths:
        parts = path.split(".")
        if len(parts) > MAX_DEPTH:
            raise InvalidParameterError(
                f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}",
                param="expand",
            )
        _expand(transaction, answer, parts, path)
    return answer


def line_items(transaction: Transaction, session: Json) -> Json:
    """Return the first line items of a session, as a list object."""
    items = transaction.private(session["id"])["line_items"]
    return as_list(
        items[:LINE_ITEMS_SHOWN],
        url=f"/v1/checkout/sessions/{session['id']}/line_items",
        has_more=len(items) > LINE_ITEMS_SHOWN,
    )


def refunds(transaction: Transaction, charge: Json) -> Json:
    """Return the newest refunds of a charge, as a list object."""
    query = Query("refund")
    query.equal({"charge": charge["id"]}, "charge")
    return query.page(transaction, {}, f"/v1/charges/{charge['id']}/refunds")


def _reference(kind: str, name: str) -> Callable[[Transaction, Json], Json | None]:
    def look_up(transaction: Transaction, holder: Json) -> Json | None:
        # Some properties exist only when they apply, such as a refund's failure.
        current = holder.get(name)
        if current is None or isinstance(current, dict):
            return current
        return transaction.find(kind, current)

    return look_up


def _source(transaction: Transaction, entry: Json) -> Json | None:
    """Return the object that moved the money of a balance transaction."""
    if isinstance(entry["source"], dict):
        return entry["source"]
    found = (transaction.find(kind, entry["source"]) for kind in SOURCES)
    return next((each for each in found if each is not None), None)


SOURCES = ("charge", "refund", "dispute", "payout")
EXPANDABLE: dict[str, dict[str, Callable[[Transaction, Json], Json | None]]] = {
    "checkout.session": {
        "customer": _reference("customer", "customer"),
        "invoice": _reference("invoice", "invoice"),
        "line_items": line_items,
        "payment_intent": _reference("payment_intent", "payment_intent"),
    },
    "payment_intent": {
        "customer": _reference("customer", "customer"),
        "latest_charge": _reference("charge", "latest_charge"),
    },
    "balance_transaction": {"source": _source},
    "payout": {
        "balance_transaction": _reference("balance_transaction", "balance_transaction"),
        "failure_balance_transaction": _reference(
            "balance_transaction", "failure_balance_transaction"
        ),
    },
    "charge": {
        "balance_transaction": _reference("balance_transaction", "balance_transaction"),
        "customer": _reference("customer", "customer"),
        "payment_intent": _reference("payment_intent", "payment_intent"),
        "refunds": refunds,
    },
    "invoice": {"customer": _reference("customer", "customer")},
    "refund": {
        "balance_transaction": _reference("balance_transaction", "balance_transaction"),
        "charge": _reference("charge", "charge"),
        "customer": _reference("customer", "customer"),
        "failure_balance_transaction": _reference(
            "balance_transaction", "failure_balance_transaction"
        ),
        "payment_intent": _reference("payment_intent", "payment_intent"),
    },
    "dispute": {
        "charge": _reference("charge", "charge"),
        "payment_intent": _reference("payment_intent", "payment_intent"),
    },
}


def _expand(transaction: Transaction, holder: Json, parts: list[str], path: str) -> None:
    name, rest = parts[0], parts[1:]
    if holder.get("object") == "list" and name == "data":
        for member in holder["data"]:
            _expand(transaction, member, rest, path)
        return
    look_up = EXPANDABLE.get(str(holder.get("object")), {}).get(name)
    if look_up is None:
        raise InvalidParameterError(f"This property cannot be expanded ({path}).", param="expand")
    holder[name] = look_up(transaction, holder)
    if rest and holder[name] is not None:
        _expand(transaction, holder[name], rest, path)
