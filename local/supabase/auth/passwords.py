"""Passwords: GoTrue's limits, and hashing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from local.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    from local.supabase.auth.config import AuthConfig

BYTES_AT_MOST = 72
# Cheap, because thousands of tests sign up and no password here is worth guessing.
_COST, _BLOCK_SIZE, _PARALLEL = 2**10, 8, 1
# Of hashes that do not name theirs, as earlier versions wrote them.
_EARLIER_COST = 2**14
_SALT_BYTES = 16
_RANDOM_BYTES = 33


def check_strength(password: str, config: AuthConfig) -> None:
    """Check a new password.

    Raises:
        AuthError: It is too long or too weak; the reasons are named.
    """
    length = len(password.encode())
    if length > BYTES_AT_MOST:
        raise AuthError(
            400,
            "validation_failed",
            f"Password cannot be longer than {BYTES_AT_MOST} characters",
        )
    reasons, sentences = [], []
    if length < config.password_length_at_least:
        reasons.append("length")
        sentences.append(
            f"Password should be at least {config.password_length_at_least} characters."
        )
    if any(not set(wanted) & set(password) for wanted in config.password_characters):
        reasons.append("characters")
        sets = ", ".join(config.password_characters)
        sentences.append(f"Password should contain at least one character of each: {sets}.")
    if reasons:
        raise AuthError(422, "weak_password", " ".join(sentences), reasons=tuple(reasons))


def random_password() -> str:
    """Return a password that nobody knows, for a user who signs in by mail."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def encrypt(password: str) -> str:
    """Return the hash of a password, with a new salt."""
    salt = os.urandom(_SALT_BYTES)
    return f"scrypt${_COST}${_encode(salt)}${_encode(_derive(password, salt, _COST))}"


def matches(password: str, encrypted: str) -> bool:
    """Return whether a password matches a hash made by encrypt()."""
    scheme, *rest = encrypted.split("$")
    if scheme != "scrypt":
        return False
    *named, salt, expected = rest
    cost = int(named[0]) if named else _EARLIER_COST
    derived = _derive(password, base64.b64decode(salt), cost)
    return hmac.compare_digest(_encode(derived), expected)


def _derive(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=_BLOCK_SIZE, p=_PARALLEL)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()
