"""The gateway's connection pool serves in the order of arrival."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from local.supabase.pool import Slots
from tests.support import until


def test_a_caller_that_comes_again_at_once_waits_behind_those_who_came_before() -> None:
    slots = Slots(1)
    assert slots.acquire(0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(slots.acquire, 60)
        until(lambda: slots.waiting == 1, "it waits")
        slots.release()
        assert not slots.acquire(0)
        assert waiting.result(60)
        slots.release()
    assert slots.acquire(0)


def test_a_caller_whose_time_is_over_leaves_its_place() -> None:
    slots = Slots(1)
    assert slots.acquire(0)
    assert not slots.acquire(0.01)
    assert slots.waiting == 0
    slots.release()
    assert slots.acquire(0)
