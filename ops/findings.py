"""The results of checks, and how they are printed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api._lib.desk.findings import Finding

_WIDTH = 100
_INDENT = " " * 7
MOST_SHOWN = 10


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
