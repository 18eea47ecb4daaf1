"""The desk's figures: what was used and earned, and the way to the payment."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests import shop
from tests.books.balance import about, read
from tests.books.ledger import Books
from tests.database.ledger import record
from tests.database.purse import Purse
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.browser.conftest import Visit
    from tests.support import RunningStack, User


def test_charts_come_with_their_numbers(
    visit: Visit, admin: User, person: User, database: Connection[dict[str, Any]]
) -> None:
    purse = Purse(database, person.id)
    # More than anybody else who uses this stack.
    purse.grant(50_000)
    purse.spend(10_000)
    page = visit(admin, at="/admin#money").page
    drawing = page.get_by_role("img", name=re.compile("Revenue in USD by day, 30 days"))
    expect(drawing).to_be_visible()
    revenue = page.get_by_role("figure", name="Revenue in USD by day")
    revenue.get_by_text("The numbers").click()
    expect(page.get_by_role("region", name="Revenue in USD by day")).to_contain_text("$")
    page.get_by_role("link", name="7 days").click()
    expect(page.get_by_role("img", name=re.compile("USD by day, 7 days"))).to_be_visible()
    page.get_by_role("link", name="Use", exact=True).click()
    expect(page.get_by_role("img", name=re.compile("Credits used by day"))).to_be_visible()
    expect(page.get_by_role("region", name="The ten people who used most")).to_contain_text(
        person.email
    )


def test_money_shows_what_stripe_kept(
    visit: Visit, admin: User, stack: RunningStack, database: Connection[dict[str, Any]]
) -> None:
    order = Order()
    record(database, order.facts("paid"))
    now = datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00")
    read(Books(database, stack.database_url), about(order, "charge", 499, fee=44, at=now))
    page = visit(admin, at="/admin#money").page
    kept = page.get_by_role("region", name=re.compile("After Stripe.s fees"))
    expect(kept.get_by_role("row", name=re.compile("USD"))).to_contain_text("$")


def test_the_way_to_the_payment_comes_with_its_numbers(
    visit: Visit, admin: User, stack: RunningStack, database: Connection[dict[str, Any]]
) -> None:
    stack.post("/api/packages", headers=stack.sign_up().auth)
    shop.begin(stack, stack.sign_up())
    shop.buy(stack, stack.sign_up())
    declined = Order().facts("open", at=int(time.time()), decline_code="lost_card")
    record(database, declined)
    page = visit(admin, at="/admin#money=7").page
    title = "From the store to the payment by day"
    expect(page.get_by_role("img", name=re.compile(f"{title}, 7 days"))).to_be_visible()
    page.get_by_role("figure", name=title).get_by_text("The numbers").click()
    numbers = page.get_by_role("region", name=title)
    expect(numbers.get_by_role("columnheader")).to_have_text(
        ["Day", "Opened the store", "Began a checkout", "Paid", "Paid, of those who opened"]
    )
    expect(numbers.get_by_role("row").last).to_contain_text("%")
    ends = page.get_by_role("region", name="How checkouts ended", exact=True)
    expect(ends).to_contain_text("not decided yet")
    reasons = page.get_by_role("region", name="Reasons, the most frequent first")
    expect(reasons.get_by_role("row", name=re.compile("lost_card"))).to_contain_text(
        "The card is reported lost"
    )


def test_money_without_orders_says_so(visit: Visit, admin: User) -> None:
    page = visit(admin, at="/admin").page
    nothing = {
        "from": "2026-11-01",
        "to": "2026-11-30",
        "daily": [],
        "currencies": [],
        "packs": [],
        "stripe": [],
        "total": dict.fromkeys(
            (
                *("opened", "began", "bought", "paid", "processing", "open"),
                *("declined", "failed", "expired", "abandoned"),
            ),
            0,
        ),
        "declines": {"orders": 0, "people": 0, "paid": 0, "cut_at": None, "reasons": []},
    }
    for address in ("money", "conversion"):
        page.route(f"**/api/admin/{address}*", lambda route: route.fulfill(json=nothing))
    page.get_by_role("link", name="Money").click()
    for words in (
        "Nothing was paid in this time.",
        "No signed-in person opened the store in this time.",
        "No checkout began in this time.",
        "No payment was declined in this time.",
    ):
        expect(page.get_by_text(words)).to_be_visible()
