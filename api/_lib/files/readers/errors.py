"""What can be wrong with a file that somebody uploaded. It costs them nothing."""

from __future__ import annotations


class UnreadableFileError(Exception):
    """The file is not what it should be, or cannot be read.

    Args:
        message: A sentence for the person whose file it is: what is wrong and what to do.
        code: Stable, snake_case.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(code)
        self.message = message
        self.code = code
