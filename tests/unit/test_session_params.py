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


def test_tax_is_computed_from_an_address_that_stripe_may_keep() -> None:
    asked = params(TAX="automatic", TAX_BEHAVIOR="exclusive")
    assert asked["automatic_tax"] == {"enabled": True}
    assert asked["line_items"][0]["price_data"]["tax_behavior"] == "exclusive"
    assert asked["customer_update"] == {"address": "auto"}
    both = params(TAX="automatic", TAX_BEHAVIOR="inclusive", INVOICES="on")
    assert both["line_items"][0]["price_data"]["tax_behavior"] == "inclusive"
    assert both["customer_update"] == {"name": "auto", "address": "auto"}


def test_without_tax_a_price_does_not_say_how_it_is_meant() -> None:
    asked = params()
    assert "automatic_tax" not in asked
    assert set(asked["line_items"][0]["price_data"]) == {"currency", "unit_amount", "product_data"}
