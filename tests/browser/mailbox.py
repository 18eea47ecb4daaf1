"""The mailbox of the stack, where every mail ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests import plain_http
from tests.support import until

if TYPE_CHECKING:
    from tests.support import RunningStack

# GOTRUE_SMTP_MAX_FREQUENCY of the local stack.
FREQUENCY = timedelta(seconds=1)


@dataclass(frozen=True)
class Mail:
    """A mail with a code and, unless it only confirms who one is, a link; else that is ""."""

    link: str
    code: str


class Mailbox:
    """Reads what was sent to people's addresses."""

    def __init__(self, stack: RunningStack) -> None:
        self._url = f"{stack.mailbox_url}/api/mails"

    def count(self, address: str) -> int:
        """Return how many mails an address has received."""
        return len(self._mails(address))

    def newest(self, address: str, *, count: int = 1) -> Mail:
        """Return an address' newest mail, once it has received so many.

        Raises:
            AssertionError: They did not come.
        """

        def enough() -> list[dict[str, Any]] | None:
            mails = self._mails(address)
            return mails if len(mails) >= count else None

        newest = until(enough, f"{address} receives {count} mails")[0]
        return Mail(link="".join(newest["links"][:1]), code=newest["codes"][0])

    def wait_for_the_next(self, address: str) -> None:
        """Wait until Supabase Auth mails an address again: here a second after the last mail.

        Raises:
            AssertionError: The clock stands still.
        """

        def has_passed() -> bool:
            latest = datetime.fromisoformat(self._mails(address)[0]["received_at"])
            return datetime.now(UTC) - latest > FREQUENCY

        until(has_passed, "the second passes")

    def _mails(self, address: str) -> list[dict[str, Any]]:
        answer = plain_http.get(self._url, params={"to": address}, timeout=30).raise_for_status()
        mails: list[dict[str, Any]] = answer.json()["mails"]
        return mails
