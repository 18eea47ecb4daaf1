"""What a check found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

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
