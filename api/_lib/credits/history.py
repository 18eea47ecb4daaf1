"""What GET /api/credits may be asked about history: a choice of entries, payments, balances."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from api._lib.credits.spending import FEATURE_ID
from api._lib.errors import InvalidRequestError

if TYPE_CHECKING:
    from api._lib.web.http import Request

# Those of purse.require_complete_entry in sql/.
KINDS = (
    *("spend", "purchase", "clawback", "giveback", "reversal", "bonus", "correction", "expiry"),
    *("expiry_reversal", "move_out", "move_in", "forfeit", "forfeit_reversal", "write_off"),
)
MAX_QUERY_CHARS = 80
MAX_DAYS = 366

# Postgres has no text with NUL, and the other control characters are in no name.
_QUERY = re.compile(rf"[^\x00-\x1f\x7f-\x9f]{{1,{MAX_QUERY_CHARS}}}")
_DAYS = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


def chosen_entries(request: Request) -> dict[str, Any]:
    """Return the arguments of refresh_credits for ?kind=, ?feature= and ?q=; none that is not sent.

    Raises:
        InvalidRequestError: A kind is unknown, the feature is no id, or q is empty, too long or
            has control characters.
    """
    chosen: dict[str, Any] = {}
    if (kinds := request.query.get("kind")) is not None:
        chosen["p_kinds"] = _kinds(kinds)
    if (feature := request.query.get("feature")) is not None:
        if not FEATURE_ID.fullmatch(feature):
            raise InvalidRequestError("feature must be the id of a feature.")
        chosen["p_feature"] = feature
    if (query := request.query.get("q")) is not None:
        text = _text(query)
        # Blanks alone choose nothing.
        if text:
            chosen["p_query"] = text
    return chosen


def shown_beside(request: Request) -> dict[str, Any]:
    """Return the arguments of refresh_credits for ?payments= and ?balances=; none that is not sent.

    Raises:
        InvalidRequestError: payments is not true, or balances is no number of days.
    """
    shown: dict[str, Any] = {}
    if (payments := request.query.get("payments")) is not None:
        if payments != "true":
            raise InvalidRequestError("payments must be true, or left out.")
        shown["p_payments"] = True
    if (days := request.query.get("balances")) is not None:
        if not _DAYS.fullmatch(days) or int(days) > MAX_DAYS:
            raise InvalidRequestError(f"balances must be a number of days from 1 to {MAX_DAYS}.")
        shown["p_balances"] = int(days)
    return shown


def _kinds(text: str) -> list[str]:
    kinds = sorted(set(text.split(",")))
    if not set(kinds) <= set(KINDS):
        raise InvalidRequestError(f"kind takes some of these, with commas: {', '.join(KINDS)}.")
    return kinds


def _text(query: str) -> str:
    if not _QUERY.fullmatch(query):
        raise InvalidRequestError(f"q must be a text of 1 to {MAX_QUERY_CHARS} characters.")
    return query.strip()
