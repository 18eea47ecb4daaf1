"""order.py: an order is written into Stripe's metadata and read back."""

from __future__ import annotations

from api._lib.payments.order import order_in
from tests.support import Order

ORDER = Order()
PROJECT = ORDER.project


def test_an_order_travels_in_metadata_and_comes_back_whole() -> None:
    order = order_in(ORDER.metadata)
    assert order is not None
    assert order.metadata(PROJECT) == ORDER.metadata
