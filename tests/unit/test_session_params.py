"""session_params.py: what Stripe is asked for, by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.payments.begin_order import BegunOrder
from api._lib.payments.order import Order
from api._lib.payments.session_params import session_params
from api._lib.settings import load
from tests.unit.functions import CORE_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping


def params(**settings: str) -> Mapping[str, Any]:
    order = Order("o", "u", "starter", "Starter", 500, 499, "usd", None, "l", "s")
    begun = BegunOrder(
        order=order,
        ordered_at=1_700_000_000,
        return_url=None,
        cancel_url=None,
        customer_id=None,
        customer_has_email=True,
        customer_key="k",
    )
    return session_params(begun, "cus_1", load({**CORE_SETTINGS, **settings}))


def test_without_settings_stripe_is_asked_for_the_payment_alone() -> None:
    asked = params()
    assert {"invoice_creation", "tax_id_collection", "customer_update"} & set(asked) == set()


def test_an_invoice_asks_for_tax_ids_and_lets_stripe_keep_them() -> None:
    asked = params(INVOICES="on")
    assert asked["invoice_creation"] == {"enabled": True}
    assert asked["tax_id_collection"] == {"enabled": True}
    assert asked["customer_update"] == {"name": "auto", "address": "auto"}
    assert params() == {
        name: value
        for name, value in asked.items()
        if name not in {"invoice_creation", "tax_id_collection", "customer_update"}
    }
