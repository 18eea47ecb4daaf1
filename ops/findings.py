"""The results of checks, and how they are printed."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 100
_INDENT = " " * 7
MOST_SHOWN = 10

Level = Literal["ok", "note", "WRONG"]


@dataclass(frozen=True)
class Finding:
    """One result of a check.

    Attributes:
        level: ok, note (no action is needed), or WRONG.
        sentence: What was found.
        remedy: What to do, often a command to copy.
        cases: The orders, users or events that are affected.
    """

    level: Level
    sentence: str
    remedy: str = ""
    cases: Sequence[str] = ()


def show(finding: Finding) -> str:
    """Return a finding as lines for a terminal."""
    lines = textwrap.wrap(
        finding.sentence,
        _WIDTH,
        initial_indent=f"{finding.level:<5}  ",
        subsequent_indent=_INDENT,
    )
    # Cases and remedies contain commands to copy, so they are not wrapped.
    lines += [f"{_INDENT}- {case}" for case in finding.cases[:MOST_SHOWN]]
    if len(finding.cases) > MOST_SHOWN:
        lines.append(f"{_INDENT}- and {len(finding.cases) - MOST_SHOWN} more")
    if finding.remedy:
        lines.append(f"{_INDENT}> {finding.remedy}")
    return "\n".join(lines)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as "2 orders"; `many` is an irregular plural."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
