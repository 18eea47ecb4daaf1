"""Settings of the sign-in forms: CAPTCHA_PROVIDER, CAPTCHA_SITE_KEY and PASSWORD_MIN_LENGTH.

api/_lib/settings.py reads them together with all others, so every problem is reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api._lib.environment_reader import EnvironmentReader

# Supabase Auth's least and default, and the most that bcrypt takes.
MIN_PASSWORD_CHARS, MAX_PASSWORD_CHARS = 6, 72


@dataclass(frozen=True)
class SignIn:
    """What the sign-in forms must know of the Supabase project, which does not tell it itself.

    Attributes:
        captcha_provider: `hcaptcha` or `turnstile`.
        captcha_site_key: The provider's public key; None if the project asks for no CAPTCHA.
        password_min_length: The fewest characters of a new password.
    """

    captcha_provider: str
    captcha_site_key: str | None
    password_min_length: int

    def public(self) -> dict[str, Any]:
        """Return the part of GET /api/config that is about signing in."""
        captcha = (
            {"provider": self.captcha_provider, "site_key": self.captcha_site_key}
            if self.captcha_site_key
            else None
        )
        return {"captcha": captcha, "password_min_length": self.password_min_length}


def read_sign_in(read: EnvironmentReader) -> SignIn:
    """Read the settings; problems are collected by the reader."""
    return SignIn(
        captcha_provider=read.choice("CAPTCHA_PROVIDER", "hcaptcha", "turnstile"),
        captcha_site_key=read.first("CAPTCHA_SITE_KEY"),
        password_min_length=read.count(
            "PASSWORD_MIN_LENGTH",
            default=MIN_PASSWORD_CHARS,
            least=MIN_PASSWORD_CHARS,
            most=MAX_PASSWORD_CHARS,
        ),
    )
