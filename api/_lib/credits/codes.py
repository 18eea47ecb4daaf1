"""Codes that give credits: how they are written, and redeeming one.

A code is made once and only its hash is kept. People type it as they read it, so case, blanks and
hyphens do not matter, and letters that look like digits count as those digits.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from api._lib import database
from api._lib.errors import NotFoundError, TooManyAttemptsError

# Crockford's Base32 (https://www.crockford.com/base32.html): no I, L, O or U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# 16 characters of 32 are 80 bits: not guessed, even without a limit of attempts.
GROUPS = 4
GROUP_CHARS = 4
MAX_CHARS = 64
# How many may be made at once.
MAX_CODES = 10_000

ATTEMPTS_OF_A_USER = 10
ATTEMPTS_FROM_A_NETWORK = 100

_BETWEEN = re.compile(r"[\s-]+")
_CODE = re.compile(r"[0-9A-Z]{4,64}", re.ASCII)
_LOOKALIKES = str.maketrans("ILO", "110")


class CodeNotValidError(NotFoundError):
    """404: the code gives this person nothing. The answer does not say why."""

    code = "code_not_valid"
    message = (
        "This code is unknown, has been used, has expired or is not for your account."
        " Check how it is spelled."
    )


@dataclass(frozen=True)
class Redeemed:
    """What a code gave.

    Attributes:
        credits: The credits of its campaign.
        campaign: The campaign's name.
        replayed: Whether this person had redeemed the code before; nothing was given now.
    """

    credits: int
    campaign: str
    replayed: bool


def new_code() -> str:
    """Return a code that nobody can guess, such as 7K3M-9QXA-T2WB-04HF."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_CHARS)) for _ in range(GROUPS))
    return "-".join(groups)


def hash_of(code: str) -> str | None:
    """Return the SHA-256 in hexadecimal under which a code is kept; None if this is not a code."""
    plain = _BETWEEN.sub("", code[: 2 * MAX_CHARS]).upper()
    if not _CODE.fullmatch(plain):
        return None
    return hashlib.sha256(plain.translate(_LOOKALIKES).encode("ascii")).hexdigest()


def window_of(first: date | None, last: date | None) -> dict[str, str | None]:
    """Return when a campaign's codes work: {starts_at, ends_at} in UTC, as add_credit_codes has it.

    `first` and `last` are days in UTC, both included; None leaves that side open.

    Raises:
        OverflowError: `last` is the last day of the calendar.
    """
    return {
        "starts_at": _midnight(first) if first else None,
        "ends_at": _midnight(last + timedelta(days=1)) if last else None,
    }


def _midnight(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()


def redeem(user_id: str, code: str, *, address: str, network: str) -> Redeemed:
    """Give a person the credits of a code, once.

    Args:
        user_id: The person.
        code: The code as it was typed.
        address: The account's e-mail address or phone number.
        network: Where the request comes from.

    Raises:
        CodeNotValidError: It gives this person nothing.
        TooManyAttemptsError: This person, or this network, has tried too many codes in an hour.
        AccountDeletedError: The account was deleted.
        DatabaseUnavailableError: The database cannot be reached; the same call may be repeated.
    """
    code_hash = hash_of(code)
    if code_hash is None:
        raise CodeNotValidError
    answer: dict[str, Any] = database.call(
        "redeem_code",
        p_user_id=user_id,
        p_address=address,
        p_network_address=network,
        p_code_hash=code_hash,
        p_most_by_user=ATTEMPTS_OF_A_USER,
        p_most_by_network=ATTEMPTS_FROM_A_NETWORK,
    )
    outcome = answer["outcome"]
    if outcome == "limited":
        raise TooManyAttemptsError(answer["retry_after"])
    if outcome == "refused":
        raise CodeNotValidError
    return Redeemed(answer["credits"], answer["campaign"], replayed=outcome == "replayed")
