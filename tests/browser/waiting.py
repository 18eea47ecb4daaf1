"""Waiting for what only a page's own JavaScript can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error

from tests.support import until

if TYPE_CHECKING:
    from playwright.sync_api import Page


def until_holds(page: Page, expression: str, arg: Any = None) -> None:
    """Ask the page until the expression, or the function of arg, is true.

    Playwright's wait_for_function does it within the page, by `eval`. Our policy forbids that as
    soon as the expression is not true at once.
    """

    def holds() -> Any:
        try:
            return page.evaluate(expression, arg)
        except Error as error:
            # The page was just left: the next one is asked.
            if "context was destroyed" in error.message:
                return None
            raise

    until(holds, expression)
