"""The network between the browser and the storage, on a bad day."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Route

    from tests.support import RunningStack


class Storage:
    """What happens to uploads on their way."""

    def __init__(self, context: BrowserContext, stack: RunningStack) -> None:
        self._context = context
        self.path = urlsplit(stack.storage_s3_endpoint).path
        self._urls = f"{stack.storage_s3_endpoint}/**"
        self._held: list[Route] = []

    def cut(self) -> None:
        """Break every connection to it, until it is mended."""
        self._context.route(self._urls, lambda route: route.abort())

    def hold(self) -> None:
        """Let no request through, until it is mended."""
        self._context.route(self._urls, self._keep)

    def mend(self) -> None:
        """Let requests through again, those that were held first."""
        for route in self._held:
            route.continue_()
        self._held.clear()
        self._context.unroute(self._urls)

    def forget(self) -> None:
        """Let requests through again; those that were held, whoever sent them has given up."""
        self._held.clear()
        self.mend()

    def _keep(self, route: Route) -> None:
        self._held.append(route)
