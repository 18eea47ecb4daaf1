"""What several tests need: the running stack and its users, orders as Stripe tells of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, LiteralString, NoReturn, TypeVar

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from local.environment import Stack
from tests import plain_http

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Running

WAIT_SECONDS = 60
# The ledger and the key of every stack that tests start, so that tests can seal orders themselves.
LEDGER_ID = "5eed0000-0000-4000-8000-000000000001"
OTHER_LEDGER = "5eed0000-0000-4000-8000-000000000002"
SEAL_KEY = bytes(range(32))
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


def sign(body: bytes, secret: str, *, timestamp: int | None = None) -> str:
    """Return a Stripe-Signature header (https://docs.stripe.com/webhooks#verify-manually)."""
    at = int(time.time()) if timestamp is None else timestamp
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@dataclass(frozen=True)
class Order:
    """An order as our server would have written it into Stripe's metadata."""

    user_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    order_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    credits: int = 500
    unit_amount: int = 499
    package_id: str = "starter"
    package_name: str = "Starter"
    currency: str = "usd"
    valid_days: int | None = None
    ledger_id: str = LEDGER_ID
    suffix: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def metadata(self) -> dict[str, str]:
        """The order as Stripe metadata."""
        valid = {} if self.valid_days is None else {"purse_valid_days": str(self.valid_days)}
        return {
            **valid,
            "purse_order_id": self.order_id,
            "purse_ledger_id": self.ledger_id,
            "purse_seal": self.seal(),
            "purse_user_id": self.user_id,
            "purse_package_id": self.package_id,
            "purse_package_name": self.package_name,
            "purse_credits": str(self.credits),
            "purse_unit_amount": str(self.unit_amount),
            "purse_currency": self.currency,
        }

    def seal(self, *, livemode: bool = False, key_id: int = 1, purpose: str = "order") -> str:
        """Return the seal that the database makes for this order, under the key of the tests."""
        fields = (
            *(f"v1:{purpose}", str(key_id), self.ledger_id, str(livemode).lower()),
            *(self.order_id, self.user_id, self.package_id, self.package_name),
            *(str(self.credits), str(self.unit_amount), self.currency),
            None if self.valid_days is None else str(self.valid_days),
        )
        message = "".join(
            "-" if field is None else f"{len(field.encode())}:{field}" for field in fields
        )
        digest = hmac.new(SEAL_KEY, message.encode(), hashlib.sha256).hexdigest()
        return f"v1.{key_id}.{digest}"

    @property
    def session_id(self) -> str:
        """The id of its Checkout Session."""
        return f"cs_test_{self.suffix}"

    def facts(self, state: str, *, at: int = 1_700_000_000, **more: Any) -> dict[str, Any]:
        """Return facts as record_facts takes them."""
        return {
            "order_id": self.order_id,
            "ledger_id": self.ledger_id,
            "seal": self.seal(),
            "user_id": self.user_id,
            "package_id": self.package_id,
            "package_name": self.package_name,
            "credits": self.credits,
            "unit_amount": self.unit_amount,
            "currency": self.currency,
            "valid_days": self.valid_days,
            "livemode": False,
            "state": state,
            "checkout_session_id": self.session_id,
            "payment_intent_id": f"pi_{self.suffix}",
            "customer_id": f"cus_{self.suffix}",
            "invoiced": False,
            "invoice_id": None,
            "amount_subtotal": self.unit_amount if state == "paid" else None,
            "amount_paid": self.unit_amount if state == "paid" else None,
            "amount_tax": 0 if state == "paid" else None,
            "amount_discount": 0 if state == "paid" else None,
            "currency_paid": self.currency if state == "paid" else None,
            "decline_code": None,
            "occurred_at": at,
            **more,
        }

    def session(self, status: str = "complete", payment_status: str = "paid") -> dict[str, Any]:
        """Return the fields of a Checkout Session that matter here."""
        return {
            "id": self.session_id,
            "object": "checkout.session",
            "mode": "payment",
            "status": status,
            "payment_status": payment_status,
            "livemode": False,
            "amount_subtotal": self.unit_amount,
            "amount_total": self.unit_amount,
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "currency": self.currency,
            "customer": f"cus_{self.suffix}",
            "payment_intent": f"pi_{self.suffix}" if status == "complete" else None,
            "client_reference_id": self.order_id,
            "invoice": None,
            "invoice_creation": {"enabled": False},
            "metadata": self.metadata,
        }

    def declined_intent(self, code: str = "insufficient_funds") -> dict[str, Any]:
        """Return a PaymentIntent whose latest attempt was declined."""
        return {
            "id": f"pi_{self.suffix}",
            "object": "payment_intent",
            "livemode": False,
            "customer": f"cus_{self.suffix}",
            "metadata": self.metadata,
            "last_payment_error": {"code": "card_declined", "decline_code": code},
        }


@dataclass(frozen=True)
class Reversal:
    """A refund or dispute of an order's payment, as facts."""

    order: Order
    suffix: str = field(default_factory=lambda: secrets.token_hex(12))

    def refund(self, amount: int, status: str = "succeeded") -> dict[str, Any]:
        """Return a refund of so many minor units."""
        rank = {"pending": 1, "succeeded": 2, "failed": 3, "canceled": 3}[status]
        return self._facts("refund", f"re_{self.suffix}", amount, status, rank, rank < 3)

    def dispute(self, amount: int, *, moves: int) -> dict[str, Any]:
        """Return a dispute for which money has moved so many times: out, back, out."""
        status, stage = (
            ("warning_needs_response", 0),
            ("under_review", 2),
            ("won", 3),
            ("lost", 3),
        )[moves]
        facts = self._facts(
            "dispute", f"du_{self.suffix}", amount, status, 10 * moves + stage, moves % 2 == 1
        )
        settled = {"settled_amount": amount, "settled_currency": self.order.currency}
        return {**facts, **(settled if moves else {}), "due_at": 1_700_604_800}

    def refund_object(self, amount: int, status: str = "succeeded") -> dict[str, Any]:
        """Return the fields of a Refund that matter here."""
        return {
            "id": f"re_{self.suffix}",
            "object": "refund",
            "payment_intent": f"pi_{self.order.suffix}",
            "amount": amount,
            "currency": self.order.currency,
            "status": status,
            "created": 1_700_000_000,
        }

    def dispute_object(self, amount: int, status: str, *, moves: int) -> dict[str, Any]:
        """Return the fields of a Dispute that matter here; its money moves out, back, out."""
        moved = [
            {
                "amount": amount if move % 2 else -amount,
                "currency": self.order.currency,
                "created": 1_700_000_000 + move,
            }
            for move in range(moves)
        ]
        return {
            "id": f"du_{self.suffix}",
            "object": "dispute",
            "payment_intent": f"pi_{self.order.suffix}",
            "amount": amount,
            "currency": self.order.currency,
            "status": status,
            "livemode": False,
            "created": 1_700_000_000,
            "balance_transactions": moved,
            "evidence_details": {"due_by": 1_700_604_800},
        }

    def _facts(  # noqa: PLR0913, PLR0917 - one argument a fact
        self, kind: str, id_: str, amount: int, status: str, rank: int, in_effect: bool
    ) -> dict[str, Any]:
        return {
            "reversal_id": id_,
            "kind": kind,
            "payment_intent_id": f"pi_{self.order.suffix}",
            "amount": amount,
            "currency": self.order.currency,
            "status": status,
            "rank": rank,
            "in_effect": in_effect,
            "livemode": False,
            "occurred_at": 1_700_000_000,
            "settled_amount": None,
            "settled_currency": None,
            "due_at": None,
            "refund_request_id": None,
        }


def event(type_: str, stripe_object: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a snapshot event about an object."""
    return {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
        "data": {"object": stripe_object},
        **more,
    }


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
