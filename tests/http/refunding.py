"""What tests of refunds need: this process as a function, a paid pack, and Stripe's side of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib.http_client import supabase_http
from api._lib.payments.refunds import RefundWish
from api._lib.payments.stripe_client import stripe_client
from api._lib.settings import settings
from local.environment import functions_settings
from tests import shop
from tests.database.purse import Purse, key
from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    import stripe
    from psycopg import Connection

    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]


@contextmanager
def as_function(
    stack: RunningStack, monkeypatch: pytest.MonkeyPatch, **more: str
) -> Iterator[None]:
    """Give this process the settings of a function, and clients of its own."""
    for name, value in {**functions_settings(stack), **more}.items():
        monkeypatch.setenv(name, value)
    _forget()
    # Threads that begin at once would make a client each, and only one of them is closed.
    supabase_http()
    try:
        yield
    finally:
        supabase_http().close()
        _forget()


def _forget() -> None:
    for cached in (settings, supabase_http, stripe_client):
        cached.cache_clear()


@dataclass(frozen=True)
class Bought:
    """A pack of 500 credits for 4.99 that a user has bought and that is credited."""

    stack: RunningStack
    user: User
    purse: Purse
    purchase_id: str
    payment_intent: str

    def wish(self, **more: Any) -> RefundWish:
        """Return what a person of the shop asks for."""
        wanted: dict[str, Any] = {
            "actor": "ann@example.com",
            "reason": "asked by mail",
            "idempotency_key": key(),
            **more,
        }
        return RefundWish(self.purchase_id, **wanted)

    def at_stripe(self) -> list[stripe.Refund]:
        """Return the refunds of its payment at Stripe."""
        listed = shop.stripe_client(self.stack).v1.refunds.list(
            {"payment_intent": self.payment_intent}
        )
        return list(listed.data)

    def state(self) -> list[tuple[str, str | None]]:
        """Return status and refusal of every refund asked for, oldest first."""
        rows = self.purse.database.execute(
            """
            select status, refusal from refund_requests
            where purchase_id = %s order by created_at
            """,
            [self.purchase_id],
        )
        return [(row["status"], row["refusal"]) for row in rows]

    def make_due(self) -> None:
        """Let the worker that has its refund be gone for long enough."""
        self.purse.database.execute(
            "update refund_requests set next_attempt_at = now() where purchase_id = %s",
            [self.purchase_id],
        )


def buy(
    stack: RunningStack, database: Database, user: User, card: str = "4242 4242 4242 4242"
) -> Bought:
    """Let a user buy the starter pack; wait until it is credited."""
    session_id = shop.begin(stack, user)
    shop.pay(stack, session_id, card)
    until(lambda: shop.purchase(stack, session_id)["credits_posted"], "the pack is credited")
    bought = shop.purchase(stack, session_id)
    purse = Purse(database, user.id)
    return Bought(stack, user, purse, str(bought["id"]), bought["payment_intent_id"])
