"""An offer to a customer, as a test makes and buys it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.openapi import as_described

if TYPE_CHECKING:
    import httpx
    from psycopg import Connection

    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]

CHECKOUT = "/api/create-checkout-session"


def in_days(days: float) -> str:
    """Return a moment so many days from now, in UTC."""
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")


def terms(**more: Any) -> dict[str, Any]:
    """Return the fields of an offer as the desk's action takes them."""
    return {
        "name": "Enterprise",
        "credits": 20_000,
        "unit_amount": 9_900,
        "currency": "usd",
        "valid_days": 365,
        "note": "As agreed on the phone.",
        "ends_at": in_days(14),
        **more,
    }


def offered(database: Database, user_id: str, **more: Any) -> str:
    """Make an offer to somebody in the database; return its id."""
    row = {"id": str(uuid.uuid4()), "user_id": user_id, **terms(**more)}
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    database.execute(f"insert into offers ({names}) values ({places})", list(row.values()))
    return str(row["id"])


def end(database: Database, offer_id: str) -> None:
    """Let the time of an offer be over."""
    database.execute(
        "update offers set ends_at = now() - interval '1 second' where id = %s", [offer_id]
    )


def open_offers(stack: RunningStack, user: User) -> list[dict[str, Any]]:
    """Return the offers that somebody can buy now."""
    answer = as_described(stack.get("/api/offers", headers=user.auth))
    assert answer.headers["cache-control"] == "private, no-store"
    offers: list[dict[str, Any]] = answer.json()["offers"]
    return offers


def checkout(stack: RunningStack, user: User, offer_id: str, **more: Any) -> httpx.Response:
    """Begin a checkout of an offer."""
    return as_described(
        stack.post(CHECKOUT, json={"package_type": offer_id, **more}, headers=user.auth)
    )
