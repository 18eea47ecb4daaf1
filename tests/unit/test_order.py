"""order.py: an order is written into Stripe's metadata and read back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api._lib.payments.order import is_marked, order_in
from tests.support import Order

ORDER = Order()
PROJECT = ORDER.project


@pytest.mark.parametrize("valid_days", [None, 365])
def test_an_order_travels_in_metadata_and_comes_back_whole(valid_days: int | None) -> None:
    metadata = replace(ORDER, valid_days=valid_days).metadata
    order = order_in(metadata)
    assert order is not None
    assert order.valid_days == valid_days
    assert order.metadata(PROJECT) == metadata


def test_the_mark_is_the_projects() -> None:
    assert is_marked(ORDER.metadata, PROJECT)
    assert not is_marked(ORDER.metadata, "other.supabase.co")
