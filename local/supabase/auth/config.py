"""Settings of `/auth/v1`, under the names and with the defaults of GoTrue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNITS_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|ms|m|s))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_WORDS = {"true": True, "1": True, "false": False, "0": False}
_PASSWORD_LENGTH_AT_LEAST = 6
_OTP_LENGTHS = range(6, 11)


@dataclass(frozen=True)
class AuthConfig:
    """Settings of `/auth/v1`.

    Attributes:
        site_url: Where links in mails lead unless a request names an allowed address.
        uri_allow_list: Patterns of other addresses to which links may lead.
        disable_signup: Whether new users are refused.
        anonymous_users: Whether anybody may sign in without an address.
        autoconfirm: Whether a new address counts as confirmed without a mail.
        secure_email_change: Whether the old address confirms a change too.
        otp_expiry_seconds: How long a code or link is valid.
        otp_length: Digits of a code.
        max_frequency_seconds: The shortest time between two mails of one kind to one user.
        mails_per_hour: How many mails are sent to all users together; 0 sends none.
        smtp_host: The mail server; "" sends no mail at all.
        smtp_port: Its TCP port.
        smtp_sender: The address that mails come from.
        password_length_at_least: Characters of a new password.
        password_characters: Sets of characters; a new password has at least one of each.
        reauthentication: Whether a new password needs a mailed code in a session older than a day.
        current_password: Whether a new password needs the present one.
        captcha: Whether sign-up, sign-in and mails need a CAPTCHA token.
        captcha_secret: The token that passes; "" lets every token pass.
    """

    site_url: str
    uri_allow_list: tuple[str, ...]
    disable_signup: bool
    anonymous_users: bool
    autoconfirm: bool
    secure_email_change: bool
    otp_expiry_seconds: int
    otp_length: int
    max_frequency_seconds: float
    mails_per_hour: int
    smtp_host: str
    smtp_port: int
    smtp_sender: str
    password_length_at_least: int
    password_characters: tuple[str, ...]
    reauthentication: bool
    current_password: bool
    captcha: bool
    captcha_secret: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], problems: list[str]) -> AuthConfig:
        """Read the settings; append a sentence to `problems` for each malformed one."""
        read = _Reader(environment, problems)
        otp_length = read.number("GOTRUE_MAILER_OTP_LENGTH", 6)
        return cls(
            site_url=read.text("GOTRUE_SITE_URL", environment.get("SITE_URL", "")),
            uri_allow_list=read.words("GOTRUE_URI_ALLOW_LIST", ","),
            disable_signup=read.flag("GOTRUE_DISABLE_SIGNUP", default=False),
            anonymous_users=read.flag("GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED", default=False),
            autoconfirm=read.flag("GOTRUE_MAILER_AUTOCONFIRM", default=False),
            secure_email_change=read.flag(
                "GOTRUE_MAILER_SECURE_EMAIL_CHANGE_ENABLED", default=True
            ),
            otp_expiry_seconds=read.number("GOTRUE_MAILER_OTP_EXP", 3600),
            otp_length=otp_length if otp_length in _OTP_LENGTHS else 6,
            # Like GoTrue, 0 means the default.
            max_frequency_seconds=read.duration("GOTRUE_SMTP_MAX_FREQUENCY", 60.0) or 60.0,
            mails_per_hour=read.number("GOTRUE_RATE_LIMIT_EMAIL_SENT", 30),
            smtp_host=read.text("GOTRUE_SMTP_HOST", ""),
            smtp_port=read.number("GOTRUE_SMTP_PORT", 587),
            smtp_sender=read.text("GOTRUE_SMTP_ADMIN_EMAIL", "noreply@example.com"),
            password_length_at_least=max(
                read.number("GOTRUE_PASSWORD_MIN_LENGTH", _PASSWORD_LENGTH_AT_LEAST),
                _PASSWORD_LENGTH_AT_LEAST,
            ),
            password_characters=read.words("GOTRUE_PASSWORD_REQUIRED_CHARACTERS", ":"),
            reauthentication=read.flag(
                "GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION", default=False
            ),
            current_password=read.flag(
                "GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD", default=False
            ),
            captcha=read.flag("GOTRUE_SECURITY_CAPTCHA_ENABLED", default=False),
            captcha_secret=read.text("GOTRUE_SECURITY_CAPTCHA_SECRET", ""),
        )


class _Reader:
    def __init__(self, environment: Mapping[str, str], problems: list[str]) -> None:
        self._environment = environment
        self._problems = problems

    def text(self, name: str, default: str) -> str:
        return self._environment.get(name) or default

    def words(self, name: str, separator: str) -> tuple[str, ...]:
        words = (word.strip() for word in self.text(name, "").split(separator))
        return tuple(word for word in words if word)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, str(default)).lower()
        if value not in _WORDS:
            self._problems.append(f"{name} must be true or false")
        return _WORDS.get(value, default)

    def number(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit()):
            self._problems.append(f"{name} must be a whole number")
            return default
        return int(value)

    def duration(self, name: str, default_seconds: float) -> float:
        value = self.text(name, f"{default_seconds}s")
        seconds = duration_seconds(value)
        if seconds is None:
            self._problems.append(f"{name} must be a duration such as 60s")
            return default_seconds
        return seconds


def duration_seconds(text: str) -> float | None:
    """Return the seconds of a duration in Go's notation, such as `1h30m`; None if malformed."""
    if text == "0":
        return 0.0
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(count) * _UNITS_SECONDS[unit] for count, unit in _DURATION_PART.findall(text))
