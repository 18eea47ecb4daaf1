"""Refunds at the desk: what of an order can go back, and the refund that an action began."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from api._lib.desk.asking import ask
from api._lib.errors import PaymentsDisabledError
from api._lib.payments.refund_refusals import REASONS
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping


def refunds_of(actor_id: str, order_id: str) -> dict[str, Any]:
    """Return what desk_refunds in sql/ answers about an order, the quote's reason also in words.

    Raises:
        PurseError: As ask() does.
    """
    found: dict[str, Any] = ask("desk_refunds", actor_id, p_order_id=order_id)
    reason = found["quote"]["reason"]
    message = REASONS[reason] if reason else None
    return {**found, "quote": {**found["quote"], "message": message}}


def require_stripe() -> None:
    """Refuse a refund in a deployment without Stripe: it could be begun, but never made.

    Raises:
        PaymentsDisabledError: This deployment has no key of Stripe's.
    """
    if settings().stripe_secret_key is None:
        raise PaymentsDisabledError


def carry_out(begun: Mapping[str, Any]) -> dict[str, Any]:
    """Make a recorded refund at Stripe; return it as it is afterwards.

    While Stripe does not answer, it stays begun, and the jobs go on with it.

    Raises:
        DatabaseUnavailableError: The outcome is unknown. The same action again goes on with it.
    """
    # Imported here: it brings Stripe's SDK, which would double the cold start.
    from api._lib.payments.refunds import go_on  # noqa: PLC0415

    made = asdict(go_on(begun["refund_id"]))
    return {name: value for name, value in made.items() if name != "replayed"}
