"""order.py: an order is written into Stripe's metadata and read back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api._lib.payments.order import order_in
from tests.stripe_events import Order

ORDER = Order()


@pytest.mark.parametrize("valid_days", [None, 365])
def test_an_order_travels_in_metadata_and_comes_back_whole(valid_days: int | None) -> None:
    metadata = replace(ORDER, valid_days=valid_days).metadata
    order = order_in(metadata)
    assert order is not None
    assert order.valid_days == valid_days
    assert order.metadata() == metadata
