"""Each page preloads the modules it is made of, and no other."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from local.stack import ROOT

PUBLIC = ROOT / "public"
PAGES = sorted(PUBLIC.rglob("*.html"))
# Also `export … from`, and an import for its effects alone; not a type in a comment.
IMPORT = re.compile(r'^(?:import|export)\s(?:[^"\';]*\sfrom\s)?"([^"]+)"', re.MULTILINE)


class Head(HTMLParser):
    """The module scripts and preloads of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.entries: list[str] = []
        self.preloads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a script or link that loads or preloads a module."""
        given = dict(attrs)
        if tag == "script" and given.get("type") == "module":
            self.entries.append(given["src"] or "")
        if tag == "link" and given.get("rel") == "modulepreload":
            self.preloads.append(given["href"] or "")


def modules_behind(entries: list[str]) -> set[str]:
    """Return the addresses of all modules that these import, directly or not."""
    seen: set[str] = set()
    waiting = [PUBLIC / entry.lstrip("/") for entry in entries]
    while waiting:
        module = waiting.pop()
        for name in IMPORT.findall(module.read_text("utf-8")):
            imported = (module.parent / name).resolve()
            address = f"/{imported.relative_to(PUBLIC)}"
            if address not in seen:
                seen.add(address)
                waiting.append(imported)
    return seen - set(entries)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(PUBLIC)) for page in PAGES])
def test_a_page_preloads_what_its_modules_import(page: object) -> None:
    head = Head((PUBLIC / str(page)).read_text("utf-8"))
    assert head.entries
    assert head.preloads == sorted(modules_behind(head.entries))
