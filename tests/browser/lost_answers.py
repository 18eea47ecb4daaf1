"""Requests that reach the server, and whose answers do not reach the page."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page, Route


@contextmanager
def answers_lost(page: Page, url: str, *, status: int | None = None) -> Iterator[None]:
    """Within the block the page gets no answer from this address, or one with this status."""

    def lose(route: Route) -> None:
        route.fetch()
        if status is None:
            route.abort()
        else:
            route.fulfill(status=status, json={"error": {"code": "busy", "message": "Busy."}})

    page.route(url, lose)
    yield
    page.unroute(url)
