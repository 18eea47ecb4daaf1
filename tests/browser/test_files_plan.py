"""What the queue of uploads does next and what it costs: the pure modules, asked in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.support import RunningStack

PLAN = """async ([items, available]) => {
  const { plan } = await import("/js/files/upload-plan.js");
  const { ready, short, ...sums } = plan(items, available);
  const places = (some) => some.map((item) => items.indexOf(item));
  return { ready: places(ready), short: places(short), ...sums };
}"""
NEXT = """async (stages) => {
  const { nextToStart } = await import("/js/files/upload-plan.js");
  const items = stages.map((stage) => ({ stage }));
  return nextToStart(items).map((item) => items.indexOf(item));
}"""
TROUBLE = """async ([file, place]) => {
  const { troubleWith } = await import("/js/files/upload-checks.js");
  return troubleWith(file, { kind: {}, maxBytes: undefined, queued: [], ...place });
}"""
FILE = {"name": "a.txt", "size": 9, "lastModified": 1}


@pytest.fixture
def page(visit: Visit, unbuilt: RunningStack) -> Page:
    """A document of the unbuilt site without scripts, into which modules can be loaded."""
    return visit(site=unbuilt, at="/openapi.json").page


def item(cost: int | None, stage: str = "chosen", *, is_held: bool = False) -> dict[str, Any]:
    return {"stage": stage, "cost": cost, "isHeld": is_held}


def plan(page: Page, items: list[dict[str, Any]], available: int | None) -> dict[str, Any]:
    answer: dict[str, Any] = page.evaluate(PLAN, [items, available])
    return answer


def test_files_are_paid_in_their_order_and_one_that_does_not_fit_is_passed_over(page: Page) -> None:
    assert plan(page, [item(3), item(5), item(2)], 6) == {
        "ready": [0, 2],
        "short": [1],
        "total": 5,
        "required": 10,
        "left": 1,
        "missing": 4,
        "isPriced": True,
    }


def test_what_is_under_way_is_paid_first_and_what_is_set_aside_is_not_paid_twice(
    page: Page,
) -> None:
    # The second waits for its turn, the third is set aside: what is available is without it.
    items = [item(3), item(5, "queued"), item(5, "uploading", is_held=True)]
    assert plan(page, items, 7)["short"] == [0]
    assert plan(page, items, 8)["ready"] == [0]
    again = plan(page, [item(5, "interrupted", is_held=True)], 0)
    assert (again["ready"], again["total"]) == ([0], 0)


def test_what_is_over_or_not_offered_is_not_started_again(page: Page) -> None:
    over = [item(3, stage) for stage in ("done", "failed", "refused", "stopped")]
    answer = plan(page, [*over, item(None)], 100)
    assert (answer["ready"], answer["short"], answer["required"]) == ([], [], 0)


def test_without_a_balance_the_server_decides(page: Page) -> None:
    answer = plan(page, [item(3), item(500)], None)
    assert (answer["ready"], answer["short"], answer["left"]) == ([0, 1], [], None)


def test_a_debt_leaves_nothing_to_spend(page: Page) -> None:
    answer = plan(page, [item(3)], -490)
    assert (answer["ready"], answer["missing"]) == ([], 493)


def test_without_a_price_nothing_is_offered(page: Page) -> None:
    # JSON has no undefined: a missing cost is one.
    assert plan(page, [{"stage": "chosen", "isHeld": False}], 9)["isPriced"] is False


@pytest.mark.parametrize(
    ("stages", "started"),
    [
        (["queued", "queued", "queued"], [0, 1]),
        (["uploading", "queued", "queued"], [1]),
        (["processing", "starting", "queued"], []),
        (["interrupted", "short", "chosen", "queued"], [3]),
        (["done", "failed"], []),
    ],
)
def test_two_are_under_way_at_once(page: Page, stages: list[str], started: list[int]) -> None:
    assert page.evaluate(NEXT, stages) == started


@pytest.mark.parametrize(
    ("file", "place", "trouble"),
    [
        ({}, {}, None),
        ({}, {"kind": None}, "drop.kinds"),
        ({"size": 0}, {}, "drop.empty"),
        ({"size": 10}, {"maxBytes": 10}, None),
        ({"size": 11}, {"maxBytes": 10}, "drop.too_large"),
        ({}, {"queued": [FILE]}, "drop.twice"),
        ({"lastModified": 2}, {"queued": [FILE]}, None),
        ({"name": "b.txt"}, {"queued": [FILE] * 50}, "drop.full"),
        ({"name": "b.txt"}, {"queued": [FILE] * 49}, None),
    ],
)
def test_a_file_is_checked_before_it_is_queued(
    page: Page, file: dict[str, Any], place: dict[str, Any], trouble: str | None
) -> None:
    assert page.evaluate(TROUBLE, [{**FILE, **file}, place]) == trouble
