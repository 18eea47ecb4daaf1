"""The switches behind `/_sim`: what goes wrong next, on request."""

from dataclasses import dataclass
from typing import Any

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
    """What happens to one API call: how late, and whether and how it fails."""

    fails: bool
    status: int | None
    after_commit: bool
    delay_seconds: float


def next_api_trouble(transaction: Transaction, path: str) -> ApiTrouble:
    """What is ordered for a call to this path; one ordered failure is used up.

    `skip_next` calls go well before the first one fails.
    """
    ordered = {**QUIET, **transaction.switch(API_SWITCH, {})}
    concerned = path.startswith(ordered["path"])
    ordered_to_fail = concerned and ordered["fail_next"] > 0
    fails = ordered_to_fail and ordered["skip_next"] == 0
    if ordered_to_fail:
        ordered["fail_next" if fails else "skip_next"] -= 1
        transaction.set_switch(API_SWITCH, ordered)
    return ApiTrouble(
        fails=fails,
        status=ordered["status"],
        after_commit=ordered["after_commit"],
        delay_seconds=ordered["delay_seconds"] if concerned else 0,
    )
