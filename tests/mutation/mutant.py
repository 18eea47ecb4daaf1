"""What a mutant is: one small edit that some test ought to notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One edit of the product.

    Attributes:
        place: File and line, and the function where that helps.
        before: What stands there.
        after: What the mutant has instead.
        text: The whole of what to run instead: a module's source, or a SQL function's definition.
    """

    place: str
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        """Say what was changed, in two lines of a diff."""
        before, after = (" ".join(side.split())[:150] for side in (self.before, self.after))
        return f"{self.place}\n    - {before}\n    + {after}"
