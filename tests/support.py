"""What several tests need: the running stack and its users, and a way to wait."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, LiteralString, NoReturn, TypeVar

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from local.environment import Stack
from tests import plain_http
from tests.stripe_events import LEDGER_ID, SEAL_KEY, Order, event, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Running

WAIT_SECONDS = 60
T = TypeVar("T")


@dataclass(frozen=True)
class User:
    """Somebody who signed up in the stack's Supabase."""

    id: str
    email: str
    password: str
    access_token: str

    @property
    def auth(self) -> dict[str, str]:
        """The header that says who calls."""
        return {"Authorization": f"Bearer {self.access_token}"}


class RunningStack(Stack):
    """The local stack, with what tests do to it."""

    @classmethod
    def of(cls, stack: Stack) -> RunningStack:
        """Return a stack that was started, after giving it the tests' ledger id and seal key."""
        started = cls(**asdict(stack))
        with started.connect() as database:
            use_known_seal(database)
        return started

    def sign_up(self, email: str | None = None) -> User:
        """Sign a new user up, with an address of their own if none is given."""
        email = email or f"user-{secrets.token_hex(8)}@example.com"
        return self._session("signup", email, secrets.token_urlsafe(12))

    def sign_up_buyer(self) -> User:
        """Sign a new user up, who has bought 500 credits."""
        user = self.sign_up()
        self.deliver(event("checkout.session.completed", Order(user_id=user.id).session()))
        return user

    def sign_in(self, user: User) -> User:
        """Sign a user in again; the new token says what they are now."""
        return self._session("token?grant_type=password", user.email, user.password)

    def _session(self, path: str, email: str, password: str) -> User:
        response = plain_http.post(
            f"{self.supabase_url}/auth/v1/{path}",
            headers={"apikey": self.publishable_key},
            json={"email": email, "password": password},
        )
        response.raise_for_status()
        session = response.json()
        return User(session["user"]["id"], email, password, session["access_token"])

    def connect(self) -> psycopg.Connection[dict[str, Any]]:
        """Connect to the database as the project's owner, outside any transaction."""
        return psycopg.connect(self.database_url, autocommit=True, row_factory=dict_row)

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        """GET from the site."""
        return plain_http.get(f"{self.site_url}{path}", timeout=30, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx.Response:
        """POST to the site."""
        return plain_http.post(f"{self.site_url}{path}", timeout=30, **kwargs)

    def scheduled(self, path: str, secret: str | None = None) -> httpx.Response:
        """Call a job as the scheduler does, or as somebody with another secret."""
        return self.get(path, headers={"Authorization": f"Bearer {secret or self.cron_secret}"})

    def clean_up(self) -> dict[str, Any]:
        """Run the daily clean-up until it is complete; return its last report, with sums of counts.

        A run is not complete while Postgres vacuums the ledger, and the next one goes on.
        """
        reports: list[dict[str, Any]] = []

        def is_complete() -> bool:
            answer = self.scheduled("/api/cleanup")
            assert answer.status_code == httpx.codes.OK, answer.text
            reports.append(answer.json())
            return bool(reports[-1]["complete"])

        until(is_complete, "the clean-up is complete")
        counts = ("accounts", "files_swept", "files_expired")
        sums = {name: sum(report[name] for report in reports) for name in counts}
        return {**reports[-1], **sums}

    def deliver(self, event: dict[str, Any]) -> httpx.Response:
        """Deliver an event to the webhook, signed as Stripe signs."""
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": sign(body, self.stripe_webhook_secret)}
        return self.post("/api/webhook", content=body, headers=headers)

    def balance_of(self, user: User) -> int:
        """Return the balance the API reports."""
        response = self.get("/api/credits", headers=user.auth)
        response.raise_for_status()
        balance: int = response.json()["balance"]
        return balance

    def simulate(self, path: str, /, **body: Any) -> None:
        """Tell the Stripe stand-in to misbehave."""
        plain_http.post(f"{self.stripe_api_base}/_sim/{path}", json=body).raise_for_status()


def use_known_seal(database: psycopg.Connection[Any]) -> None:
    """Give a database the ledger id and the seal key of the tests."""
    padded = SEAL_KEY.ljust(64, b"\0")
    database.execute("update purse.ledger set id = %s", [LEDGER_ID])
    database.execute(
        "update purse.seal_keys set inner_key = %s, outer_key = %s where id = 1",
        [bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)],
    )


@dataclass(frozen=True)
class Accounts:
    """The accounts in Supabase Auth, which only its own role may change."""

    running: Running

    def change(self, user: User, *, email: str | None = None, guest: bool = False) -> User:
        """Give a user an address, or make them a guest; return them signed in again."""
        changed = replace(user, email=email or user.email)
        self._execute(
            "update auth.users set email = %s, is_anonymous = %s where id = %s",
            [changed.email, guest, user.id],
        )
        return RunningStack(**asdict(self.running.stack)).sign_in(changed)

    def appoint(self, user: User, role: str | None) -> User:
        """Give a user a role at the desk, or take it away; their token stays as it is."""
        self._execute(
            "update auth.users set raw_app_meta_data = jsonb_strip_nulls("
            "coalesce(raw_app_meta_data, '{}') || jsonb_build_object('role', %s::text))"
            " where id = %s",
            [role, user.id],
        )
        return user

    def ban(self, user: User) -> None:
        """Ban an account, as from Supabase's dashboard; its token stays valid."""
        self._execute(
            "update auth.users set banned_until = now() + interval '1 day' where id = %s", [user.id]
        )

    def unconfirm(self, user: User) -> None:
        """Let an account's address be one that nobody has confirmed."""
        self._execute("update auth.users set email_confirmed_at = null where id = %s", [user.id])

    def delete(self, user: User) -> None:
        """Delete an account."""
        self._execute("delete from auth.users where id = %s", [user.id])

    def restore(self, user: User) -> None:
        """Bring a deleted account back, as a restored backup does."""
        self._execute("insert into auth.users (id, email) values (%s, %s)", [user.id, user.email])

    def _execute(self, statement: LiteralString, arguments: list[Any]) -> None:
        assert self.running.database is not None
        with psycopg.connect(self.running.database.url(), autocommit=True) as superuser:
            superuser.execute(statement, arguments)


def cannot_run(reason: str) -> NoReturn:
    """Skip on a developer's machine; fail in CI, where a test that did not run hides a fault."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def until(ask: Callable[[], T | None], what: str) -> T:
    """Ask until there is an answer; fail with what was awaited after WAIT_SECONDS."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {WAIT_SECONDS} s: {what}")
