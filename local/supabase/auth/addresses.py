"""E-mail addresses, as GoTrue takes and stores them."""

from __future__ import annotations

import re

from local.supabase.auth.errors import AuthError

CHARACTERS_AT_MOST = 255
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?")


def valid_email(email: str) -> str:
    """Return an e-mail address in lower case, as it is stored.

    Raises:
        AuthError: It is not an e-mail address.
    """
    if not email:
        raise AuthError(400, "validation_failed", "An email address is required")
    if len(email) > CHARACTERS_AT_MOST:
        raise AuthError(400, "validation_failed", "An email address is too long")
    email = email.lower()
    if not _EMAIL.fullmatch(email):
        raise AuthError(
            400, "validation_failed", "Unable to validate email address: invalid format"
        )
    return email
