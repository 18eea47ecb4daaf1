"""What a check found, and how it is put to a person."""

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
    """One thing that a check has to say.

    Attributes:
        level: ok, note (nothing need be done), or WRONG.
        sentence: What is so.
        remedy: What to do about it.
        cases: The orders, users or events it is about.
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
    # Cases and remedies hold commands to copy: they are not wrapped.
    lines += [f"{_INDENT}- {case}" for case in finding.cases[:MOST_SHOWN]]
    if len(finding.cases) > MOST_SHOWN:
        lines.append(f"{_INDENT}- and {len(finding.cases) - MOST_SHOWN} more")
    if finding.remedy:
        lines.append(f"{_INDENT}> {finding.remedy}")
    return "\n".join(lines)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
