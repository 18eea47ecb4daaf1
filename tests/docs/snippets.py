"""Which snippets of the docs a test runs, and which it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.docs.pages import Block, blocks

# The addresses that the docs give to the Purse site and to another app.
SITE = "https://your-site.example.com"
APP = "https://app.example.com"
# Lines that no test runs, and why. Everything else in a `sh` block is run or is a make target.
NOT_RUN = {
    "supabase link": "needs a Supabase project and a login",
    "supabase db push": "needs the linked project; tests/database runs it against a local database",
    "vercel env pull .env": "needs a Vercel account",
    "stripe listen --forward-to 127.0.0.1:3000/api/webhook": "needs a Stripe account",
    "pip install -r server/requirements.txt": "downloads packages; test_gunicorn compares versions",
}
# Blocks that are read rather than run.
NOT_CODE = {
    "mermaid": "a drawing",
    "text": "lists and output: test_links and test_tables compare them with the code",
}
# tests/browser/test_elements.py opens the page.
RUN = ("sh", "python", "js", "sql", "json", "csv", "html")


@dataclass(frozen=True)
class Example:
    """A block that asks for something, and the answer that the page shows below it, if any."""

    block: Block
    answer: Block | None


def examples(language: str, *, starting: str = "") -> list[Example]:
    """Return the blocks of a language with such a line, each with the JSON that follows it."""
    every = blocks()
    return [
        Example(block, following if _answers(block, following) else None)
        for block, following in zip(every, [*every[1:], None], strict=True)
        if block.language == language and any(line.startswith(starting) for line in block.lines)
    ]


def shown_answers() -> list[Block]:
    """Return the JSON blocks that belong to an example."""
    asked = [*examples("js"), *examples("sh", starting="curl")]
    return [example.answer for example in asked if example.answer]


def same_shape(shown: Any, live: Any) -> bool:
    """Whether two JSON values have the same keys and types; null stands for any value.

    Lists are compared by their first elements.
    """
    if shown is None or live is None:
        return True
    if isinstance(shown, dict) and isinstance(live, dict):
        return shown.keys() == live.keys() and all(
            same_shape(value, live[name]) for name, value in shown.items()
        )
    if isinstance(shown, list) and isinstance(live, list):
        return not shown or (bool(live) and same_shape(shown[0], live[0]))
    return _kind(shown) == _kind(live)


def _kind(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


def _answers(block: Block, following: Block | None) -> bool:
    return following is not None and following.language == "json" and following.page == block.page
