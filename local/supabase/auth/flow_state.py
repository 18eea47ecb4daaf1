"""The PKCE flow: a link gives a code, and only the browser that asked can exchange it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local.supabase.auth.errors import AuthError, invalid

if TYPE_CHECKING:
    import psycopg

    from local.supabase.auth.body import Body

PREFIX = "pkce_"
EXPIRY_SECONDS = 300
_CHALLENGE_CHARACTERS = range(43, 129)
_CHALLENGE = re.compile(r"[a-zA-Z._~0-9-]+")
_METHODS = ("s256", "plain")


@dataclass(frozen=True)
class Challenge:
    """The code challenge of a request, or its absence."""

    value: str
    method: str

    @property
    def prefix(self) -> str:
        """What the tokens of this flow begin with."""
        return PREFIX if self.value else ""

    @classmethod
    def of(cls, body: Body) -> Challenge:
        """Read the code challenge of a body.

        Raises:
            AuthError: Only one of its two members is given, or it is malformed.
        """
        value, method = body.text("code_challenge"), body.text("code_challenge_method")
        if bool(value) != bool(method):
            raise invalid("PKCE flow requires code_challenge_method and code_challenge")
        if value and len(value) not in _CHALLENGE_CHARACTERS:
            raise invalid("code challenge has to be between 43 and 128 characters")
        if value and not _CHALLENGE.fullmatch(value):
            raise invalid(
                "code challenge can only contain alphanumeric characters, hyphens, periods, "
                "underscores and tildes"
            )
        return cls(value, method.lower())


def remember(
    connection: psycopg.Connection,
    challenge: Challenge,
    user_id: uuid.UUID,
    provider: str,
    method: str,
) -> None:
    """Store the challenge until the link is opened; without a challenge do nothing.

    Raises:
        AuthError: The challenge's method is unknown.
    """
    if not challenge.value:
        return
    if challenge.method not in _METHODS:
        # GoTrue fails at this place with an unclassified error.
        raise AuthError(
            500,
            "unexpected_failure",
            "Unexpected failure, please check server logs for more information",
        )
    connection.execute(
        """
        insert into auth.flow_state (
          id, user_id, auth_code, code_challenge, code_challenge_method,
          provider_type, authentication_method, created_at, updated_at
        )
        values (%s, %s, %s, %s, %s, %s, %s, now(), now())
        """,
        [
            *(uuid.uuid4(), user_id, str(uuid.uuid4())),
            *(challenge.value, challenge.method, provider, method),
        ],
    )


def issue_code(connection: psycopg.Connection, user_id: uuid.UUID, method: str) -> str:
    """Return the code of the user's latest flow of this authentication method.

    Raises:
        AuthError: There is no such flow.
    """
    row = connection.execute(
        """
        update auth.flow_state set auth_code_issued_at = now(), updated_at = now()
        where id = (
          select id from auth.flow_state
          where user_id = %s and authentication_method = %s
          order by created_at desc limit 1
        )
        returning auth_code
        """,
        [user_id, method],
    ).fetchone()
    if row is None:
        raise AuthError(
            400,
            "flow_state_not_found",
            "No associated flow state found. 422: No valid flow state found for user.",
        )
    code: str = row[0]
    return code


@dataclass(frozen=True)
class Flow:
    """A flow whose code was presented with the right verifier."""

    id: uuid.UUID
    user_id: uuid.UUID
    method: str


def check_code(connection: psycopg.Connection, body: Body) -> Flow:
    """Return the flow of a code; use_up() comes next, once its user is locked.

    Raises:
        AuthError: The code is unknown or expired, or the verifier is not its own.
    """
    code, verifier = body.text("auth_code"), body.text("code_verifier")
    if not code or not verifier:
        raise invalid("invalid request: both auth code and code verifier should be non-empty")
    row = connection.execute(
        """
        select id, user_id, authentication_method, code_challenge, code_challenge_method::text,
          now() > make_interval(secs => %s) + case
            when authentication_method = 'magiclink' then coalesce(auth_code_issued_at, created_at)
            else created_at
          end
        from auth.flow_state
        where auth_code = %s and user_id is not null
        """,
        [EXPIRY_SECONDS, code],
    ).fetchone()
    if row is None:
        raise _NOT_FOUND
    flow_id, user_id, method, challenge, challenge_method, expired = row
    if expired:
        raise AuthError(422, "flow_state_expired", "invalid flow state, flow state has expired")
    if not hmac.compare_digest(challenge.encode(), _answer(challenge_method, verifier).encode()):
        raise AuthError(
            400, "bad_code_verifier", "code challenge does not match previously saved code verifier"
        )
    return Flow(flow_id, user_id, method)


def use_up(connection: psycopg.Connection, flow: Flow) -> None:
    """Delete a flow, so that its code works once.

    Raises:
        AuthError: Another request was faster.
    """
    deleted = connection.execute("delete from auth.flow_state where id = %s", [flow.id])
    if not deleted.rowcount:
        raise _NOT_FOUND


def _answer(method: str, verifier: str) -> str:
    if method == "plain":
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


_NOT_FOUND = AuthError(404, "flow_state_not_found", "invalid flow state, no valid flow state found")
