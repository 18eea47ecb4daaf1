"""Requests that wait until a test lets them go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

    from playwright.sync_api import BrowserContext, Page, Route


def hold(
    place: Page | BrowserContext, url: str | re.Pattern[str], *, times: int | None = None
) -> list[Route]:
    """Hold requests to an address back; return a list that each of them joins when it is sent.

    Args:
        place: The page or the browser profile that sends them.
        url: As Playwright's `route` takes it.
        times: How many are held; all by default.
    """
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    place.route(url, keep, times=times)
    return held
