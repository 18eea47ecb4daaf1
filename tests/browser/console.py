"""What pages complain about: errors, warnings, exceptions, violations of the security policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, WebError

# Chromium's words for an answer of 4xx or 5xx, and for no answer.
_REQUEST_FAILED = "Failed to load resource"
# And for an answer that CORS keeps from the page. They name the address themselves.
_REQUEST_BLOCKED = "Access to fetch at "


class Console:
    """The consoles of all pages of a test."""

    def __init__(self) -> None:
        self._seen: list[ConsoleMessage | WebError] = []
        self._failing: set[str] = set()
        self._wanted: set[str] = set()

    def listen(self, context: BrowserContext) -> None:
        """Hear what its pages say from now on."""
        context.on("console", self._hear)
        context.on("weberror", self._hear)

    def allow_failing(self, *paths: str) -> None:
        """Take failing requests to these paths for what the test wants."""
        self._failing.update(paths)

    def allow_saying(self, *texts: str) -> None:
        """Take messages with these words for what the test wants."""
        self._wanted.update(texts)

    @property
    def complaints(self) -> list[str]:
        """What nobody wanted to hear."""
        return [text for entry in self._seen if (text := self._complaint(entry))]

    @property
    def all(self) -> list[str]:
        """Everything that was said, also what is no complaint."""
        return [entry.text if hasattr(entry, "text") else str(entry.error) for entry in self._seen]

    def _hear(self, entry: ConsoleMessage | WebError) -> None:
        self._seen.append(entry)

    def _complaint(self, entry: ConsoleMessage | WebError) -> str | None:
        if not hasattr(entry, "type"):
            return f"exception: {entry.error}"
        url = entry.location["url"]
        at = entry.text if entry.text.startswith(_REQUEST_BLOCKED) else url
        wanted = entry.text.startswith((_REQUEST_FAILED, _REQUEST_BLOCKED)) and any(
            path in at for path in self._failing
        )
        wanted = wanted or any(text in entry.text for text in self._wanted)
        if entry.type not in ("error", "warning") or wanted:
            return None
        return f"{entry.type}: {entry.text} ({url})"
