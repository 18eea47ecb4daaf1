"""Which tests a worker of pytest-xdist gets together, and in which order they are begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

# One worker runs each of these whole, because its tests share a server or a build of their own.
TOGETHER = (
    "tests/ops/",
    "tests/standins/supabase/",
    "tests/vercel/",
)
# What takes longest begins first, so that the workers end at about the same time.
FIRST = (
    "tests/vercel/",
    "tests/crashes/",
    "tests/properties/",
    "tests/http/test_fuzz.py",
    "tests/ops/",
    "tests/standins/stripe/",
    "tests/local/",
    "tests/browser/",
)


class ByFile(LoadScopeScheduling):
    """Gives a worker a whole file at a time, or a whole folder of TOGETHER."""

    def _split_scope(self, nodeid: str) -> str:
        for folder in TOGETHER:
            if nodeid.startswith(folder):
                return folder
        return nodeid.partition("::")[0]


def sort(items: list[pytest.Item]) -> None:
    """Put the tests that take longest first; the others stay in their order."""

    def rank(item: pytest.Item) -> int:
        found = [at for at, start in enumerate(FIRST) if item.nodeid.startswith(start)]
        return found[0] if found else len(FIRST)

    items.sort(key=rank)
