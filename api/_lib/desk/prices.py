"""What packs and features cost: read a change from a request, and make it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from api._lib.desk.actions import MAX_REASON
from api._lib.desk.asking import ask
from api._lib.desk.fields import (
    CURRENCY,
    MAX_CREDITS,
    MAX_NAME,
    MAX_PRICE,
    price_of,
    text_of,
    whole,
)
from api._lib.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_PLACE = 1_000_000

_ID = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


def _feature(values: Mapping[str, Any]) -> dict[str, Any]:
    if type(values.get("active")) is not bool:
        raise InvalidRequestError("active must be true or false.")
    return {
        "name": text_of(values, "name", MAX_NAME),
        "credits": whole(values, "credits", 1, MAX_CREDITS),
        "active": values["active"],
        "sort_order": whole(values, "sort_order", -MAX_PLACE, MAX_PLACE),
    }


def _pack(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**_feature(values), **price_of(values)}


def _further_prices(values: Mapping[str, Any]) -> dict[str, Any]:
    prices = values.get("prices")
    if not isinstance(prices, dict):
        raise InvalidRequestError('prices must be an object, as in {"eur": 449}.')
    for currency in prices:
        if not CURRENCY.fullmatch(currency):
            raise InvalidRequestError("A currency must be three lower-case letters, as in eur.")
    return {"prices": {each: whole(prices, each, 1, MAX_PRICE) for each in prices}}


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "set_pack": _pack,
    "set_feature": _feature,
    "set_prices": _further_prices,
}


def set_price(actor_id: str, body: Mapping[str, Any], idempotency_key: str) -> dict[str, Any]:
    """Add or change a pack, a feature, or a pack's prices in further currencies.

    Returns what desk_set_price in sql/ answers.

    Args:
        actor_id: The member of staff.
        body: {action: set_pack, set_feature or set_prices, id, values, shown: the row that was
            shown or null, reason}. Amounts of money are in minor units.
        idempotency_key: New for each change.

    Raises:
        InvalidRequestError: A field is missing or out of bounds, or Stripe does not charge the
            price (`unsellable_price`).
        PurseError: As ask() does; ConflictError `price_changed` if it is not as it was shown,
            `currency_taken` if the pack has another price in that currency.
    """
    action, id_ = body.get("action"), body.get("id")
    read = _KINDS.get(action) if isinstance(action, str) else None
    values, shown = body.get("values"), body.get("shown")
    if read is None:
        raise InvalidRequestError(f"action must be one of: {', '.join(_KINDS)}.")
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise InvalidRequestError("id must be lower-case letters, digits and _, as in starter.")
    if not isinstance(values, dict) or not isinstance(shown, dict | None):
        raise InvalidRequestError("values must be an object, and shown an object or null.")
    changed: dict[str, Any] = ask(
        "desk_set_price",
        actor_id,
        p_action=action,
        p_id=id_,
        p_values=read(values),
        p_shown=shown,
        p_reason=text_of(body, "reason", MAX_REASON),
        p_idempotency_key=idempotency_key,
    )
    return changed
