"""Limits of requests that cost us more than others, for each user."""

from __future__ import annotations

from dataclasses import dataclass

from api._lib import database
from api._lib.errors import TooManyAttemptsError


@dataclass(frozen=True)
class Limit:
    """So many requests of a kind within so many seconds. The kinds are those of sql/."""

    kind: str
    most: int
    seconds: int

    def count(self, user_id: str) -> None:
        """Count a request of this user.

        Raises:
            TooManyAttemptsError: There were too many; with the seconds to wait.
            AccountDeletedError: The account was deleted.
            DatabaseUnavailableError: The database cannot be reached.
        """
        try:
            database.call(
                "count_request",
                p_user_id=user_id,
                p_kind=self.kind,
                p_most=self.most,
                p_seconds=self.seconds,
            )
        except database.DatabaseError as error:
            if error.code == "PT429":
                raise TooManyAttemptsError(int(error.detail or self.seconds)) from None
            raise


# Of a copy of all data, and of the history as CSV.
EXPORT_PAGES = Limit("export", most=200, seconds=60 * 60)
