"""Opening the store is counted for signed-in people, and is never in their way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from psycopg import Connection

    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.support import User


def counts_of(page: Page) -> list[str]:
    """Return the methods of the page's requests that count, as they come."""
    methods: list[str] = []
    page.on(
        "request",
        lambda request: (
            methods.append(request.method) if request.url.endswith("/api/packages") else None
        ),
    )
    return methods


def test_a_page_counts_a_person_once(
    buyer: Site, user: User, database: Connection[dict[str, Any]]
) -> None:
    page = buyer.page
    methods = counts_of(page)
    with page.expect_response(
        lambda answer: answer.request.method == "POST" and answer.url.endswith("/api/packages")
    ) as counted:
        store = buyer.open_store()
    assert counted.value.json() == {"counted": True}
    expect(store.packs).to_have_count(3)
    page.keyboard.press("Escape")
    expect(store.place).to_be_hidden()
    buyer.open_store()
    expect(store.packs).to_have_count(3)
    assert methods.count("POST") == 1
    rows = database.execute("select from store_visits where user_id = %s", [user.id]).fetchall()
    assert len(rows) == 1


def test_who_is_not_signed_in_is_not_counted(visitor: Site) -> None:
    methods = counts_of(visitor.page)
    visitor.page.reload()
    expect(visitor.page.get_by_role("list", name="Packs").get_by_role("listitem")).to_have_count(3)
    assert set(methods) == {"GET"}


def test_a_count_that_fails_is_not_in_the_way(buyer: Site, console: Console) -> None:
    console.allow_failing("/api/packages")
    page = buyer.page
    page.route(
        "**/api/packages",
        lambda route: route.abort() if route.request.method == "POST" else route.continue_(),
    )
    buyer.buy("Starter").pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
