"""The nearest of several names, found as PostgREST finds the one for its hints."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST_SIMILARITY = 0.33
_GRAM_SIZES = (3, 2)
_NAME_CHARACTERS_AT_MOST = 256


def closest(wanted: str, known: Iterable[str]) -> str | None:
    """The most similar of the known names, if any is similar enough.

    Only names that share a group of three letters are compared, or of two where none does.
    """
    wanted = wanted.lower()[:_NAME_CHARACTERS_AT_MOST]
    names = {name.lower(): name for name in known}
    if wanted in names:
        return names[wanted]
    for size in _GRAM_SIZES:
        grams = _grams(wanted, size)
        scored = [
            (_similarity(wanted, lowered), name)
            for lowered, name in names.items()
            if grams & _grams(lowered, size)
        ]
        scored = [entry for entry in scored if entry[0] >= LEAST_SIMILARITY]
        if scored:
            return max(scored, key=lambda entry: entry[0])[1]
    return None


def _grams(name: str, size: int) -> Counter[str]:
    letters = "".join(c for c in name if c.isalnum() or c.isspace() or c == ",")
    framed = f"-{letters}-"
    return Counter(framed[start : start + size] for start in range(len(framed) - size + 1))


def _similarity(left: str, right: str) -> float:
    longest = max(len(left), len(right))
    return 1 - _edits(left, right) / longest if longest else 1.0


def _edits(left: str, right: str) -> int:
    """Count the letters to insert, delete or replace: the Levenshtein distance."""
    previous = list(range(len(right) + 1))
    for row, from_left in enumerate(left, start=1):
        current = [row]
        for column, from_right in enumerate(right, start=1):
            current.append(
                min(
                    previous[column] + 1,
                    current[column - 1] + 1,
                    previous[column - 1] + (from_left != from_right),
                )
            )
        previous = current
    return previous[-1]
