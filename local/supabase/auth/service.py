"""What all endpoints of `/auth/v1` share: settings, transactions, the bearer, new sessions."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import jwt
from flask import request

from local.supabase.auth import sessions, users
from local.supabase.auth.bearer import Bearer, read_bearer
from local.supabase.auth.mailer import Mailer
from local.supabase.keys import ALGORITHM

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from local.supabase.auth.config import AuthConfig
    from local.supabase.keys import SigningKey
    from local.supabase.pool import Pool
    from local.supabase.settings import Settings


class Service:
    """Settings, database, signing key and mailer of one gateway."""

    def __init__(self, settings: Settings, pool: Pool, key: SigningKey) -> None:
        self.settings = settings
        self.key = key
        self.mailer = Mailer(settings.auth)
        self._pool = pool

    @property
    def config(self) -> AuthConfig:
        """The settings of `/auth/v1` alone."""
        return self.settings.auth

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """Lend a connection in a transaction."""
        with self._pool.connection() as connection, connection.transaction():
            yield connection

    def bearer(self, connection: psycopg.Connection) -> Bearer:
        """Return the user and session of the request's access token.

        Raises:
            AuthError: It has none, or an invalid one, or the user is banned.
        """
        return read_bearer(connection, request.headers.get("Authorization", ""), self.key)

    def sign_in(
        self, connection: psycopg.Connection, user: users.User, method: str
    ) -> dict[str, Any]:
        """Start a session; return it as GoTrue does."""
        user = users.note_sign_in(connection, user)
        agent = request.headers.get("User-Agent", "")
        grant = sessions.start_session(connection, user.id, agent, method)
        return self.session(connection, user, grant)

    def session(
        self, connection: psycopg.Connection, user: users.User, grant: sessions.Grant
    ) -> dict[str, Any]:
        """Return a session with a new access token."""
        issued_at = int(time.time())
        expires_at = issued_at + self.settings.jwt_expiry_seconds
        claims = {
            "iss": self.settings.issuer,
            "sub": str(user.id),
            "aud": user.aud,
            "exp": expires_at,
            "iat": issued_at,
            "email": user.email,
            "phone": "",
            "app_metadata": user.raw_app_meta_data,
            "user_metadata": user.raw_user_meta_data,
            "role": user.role,
            "aal": "aal1",
            "amr": sessions.methods_of(connection, grant.session_id),
            "session_id": str(grant.session_id),
            "is_anonymous": user.is_anonymous,
        }
        return {
            "access_token": jwt.encode(
                claims, self.key.private, ALGORITHM, headers={"kid": self.key.kid}
            ),
            "token_type": "bearer",
            "expires_in": self.settings.jwt_expiry_seconds,
            "expires_at": expires_at,
            "refresh_token": grant.refresh_token,
            "user": user.as_json(),
        }
