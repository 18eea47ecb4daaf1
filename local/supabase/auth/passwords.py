"""Passwords: GoTrue's limits, and hashing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from local.supabase.auth.errors import AuthError

CHARACTERS_AT_LEAST = 6
BYTES_AT_MOST = 72
_COST, _BLOCK_SIZE, _PARALLEL = 2**14, 8, 1
_SALT_BYTES = 16


def check_strength(password: str) -> None:
    """Check the length of a new password.

    Raises:
        AuthError: It is too long or too short.
    """
    length = len(password.encode())
    if length > BYTES_AT_MOST:
        raise AuthError(
            400,
            "validation_failed",
            f"Password cannot be longer than {BYTES_AT_MOST} characters",
        )
    if length < CHARACTERS_AT_LEAST:
        raise AuthError(
            422,
            "weak_password",
            f"Password should be at least {CHARACTERS_AT_LEAST} characters.",
            reasons=("length",),
        )


def encrypt(password: str) -> str:
    """Return the hash of a password, with a new salt."""
    salt = os.urandom(_SALT_BYTES)
    return f"scrypt${_encode(salt)}${_encode(_derive(password, salt))}"


def matches(password: str, encrypted: str) -> bool:
    """Return whether a password matches a hash made by encrypt()."""
    scheme, _, rest = encrypted.partition("$")
    salt, _, expected = rest.partition("$")
    return scheme == "scrypt" and hmac.compare_digest(
        _encode(_derive(password, base64.b64decode(salt))), expected
    )


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK_SIZE, p=_PARALLEL)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
