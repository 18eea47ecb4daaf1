"""The error for a file that is itself wrong. Its owner is not charged."""

from __future__ import annotations


class UnreadableFileError(Exception):
    """The file is not of the expected format, is damaged, or is too large.

    Args:
        message: A sentence for the file's owner: what is wrong and what to do.
        code: A stable snake_case code.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(code)
        self.message = message
        self.code = code
