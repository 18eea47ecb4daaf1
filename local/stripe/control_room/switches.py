"""Which API call fails or is slow next, as commanded at /_sim/api."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.stripe.store import Transaction

API_SWITCH = "api"
QUIET: dict[str, Any] = {
    "skip_next": 0,
    "fail_next": 0,
    "status": None,
    "after_commit": False,
    "delay_seconds": 0,
    "path": "/v1/",
}


@dataclass(frozen=True, slots=True)
class ApiTrouble:
    """What happens to one API call.

    Attributes:
        fails: Whether it fails.
        status: The status with which it fails; None cuts the connection or means 500.
        after_commit: Whether the work is done before it fails.
        delay_seconds: How long it waits first.
    """

    fails: bool
    status: int | None
    after_commit: bool
    delay_seconds: float


def next_api_trouble(transaction: Transaction, path: str) -> ApiTrouble:
    """Return what happens to a call of this path, and count it.

    The next `skip_next` calls succeed, then `fail_next` calls fail.
    """
    switch = {**QUIET, **transaction.switch(API_SWITCH, {})}
    applies = path.startswith(switch["path"])
    counted = applies and switch["fail_next"] > 0
    fails = counted and switch["skip_next"] == 0
    if counted:
        switch["fail_next" if fails else "skip_next"] -= 1
        transaction.set_switch(API_SWITCH, switch)
    return ApiTrouble(
        fails=fails,
        status=switch["status"],
        after_commit=switch["after_commit"],
        delay_seconds=switch["delay_seconds"] if applies else 0,
    )
