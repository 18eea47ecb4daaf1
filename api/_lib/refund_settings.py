"""Settings of refunds and withdrawals by the buyers themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api._lib.environment_reader import EnvironmentReader

MAX_DAYS = 365
MAX_WAIVER = 1000


@dataclass(frozen=True)
class RefundSettings:
    """What buyers may do without the shop.

    Attributes:
        self_refund_days: For how many days they refund what is unused of a pack; 0 for none.
        withdrawal_days: For how many days they withdraw from a purchase; 0 for none.
        waiver: The words with which a buyer gives up the withdrawal before checkout; None if the
            shop does not ask for it.
    """

    self_refund_days: int
    withdrawal_days: int
    waiver: str | None

    def public(self) -> dict[str, Any]:
        """Return what pages show, for GET /api/config."""
        return {
            "self_refund_days": self.self_refund_days,
            "withdrawal": {"days": self.withdrawal_days, "waiver": self.waiver},
        }


def read_refund_settings(read: EnvironmentReader, *, tells_shop: bool) -> RefundSettings:
    """Read the settings from the environment; problems are noted with the reader.

    `tells_shop` is whether an endpoint or MAIL_OWNER receives the events of this shop. Buyers are
    told that the shop looks at their withdrawal, so somebody has to hear of it.
    """
    withdrawal_days = read.count("WITHDRAWAL_DAYS", default=0, least=0, most=MAX_DAYS)
    waiver = read.first("WITHDRAWAL_WAIVER_TEXT")
    if waiver and (len(waiver) > MAX_WAIVER or not waiver.isprintable()):
        read.problems.append(
            f"WITHDRAWAL_WAIVER_TEXT must be one line of at most {MAX_WAIVER} characters"
        )
    if withdrawal_days > 0 and not tells_shop:
        read.problems.append(
            "WITHDRAWAL_DAYS needs MAIL_OWNER with SMTP_HOST, or EVENTS_URL, so that the shop is"
            " told of withdrawals"
        )
    if waiver and not withdrawal_days:
        read.problems.append("WITHDRAWAL_WAIVER_TEXT needs WITHDRAWAL_DAYS")
    return RefundSettings(
        self_refund_days=read.count("SELF_REFUND_DAYS", default=0, least=0, most=MAX_DAYS),
        withdrawal_days=withdrawal_days,
        waiver=waiver,
    )
