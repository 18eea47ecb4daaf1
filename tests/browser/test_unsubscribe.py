"""The page of the link in the mails: it stops them, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    import psycopg

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import User

API = "/api/unsubscribe"
QUESTION = "No more mails?"
DONE = "You get no more mails"
UNKNOWN = "This link does not work"


class Preferences:
    """What the database keeps of a person's mails."""

    def __init__(self, database: psycopg.Connection[dict[str, Any]], user_id: str) -> None:
        self._database = database
        self._user_id = user_id
        row = database.execute(
            "insert into public.mail_preferences (user_id) values (%s) returning token", [user_id]
        ).fetchone()
        assert row is not None
        self.link = f"/unsubscribe?token={row['token']}"

    @property
    def are_wanted(self) -> bool:
        """Whether mails other than receipts are sent."""
        row = self._database.execute(
            "select unsubscribed_at from public.mail_preferences where user_id = %s",
            [self._user_id],
        ).fetchone()
        assert row is not None
        return row["unsubscribed_at"] is None


@pytest.fixture
def mails(database: psycopg.Connection[dict[str, Any]], user: User) -> Preferences:
    """The mails of the user, with the link that is in each."""
    return Preferences(database, user.id)


def test_opening_the_link_changes_nothing_and_the_button_stops_the_mails(
    visit: Visit, mails: Preferences
) -> None:
    site = visit(at=mails.link)
    site.expect_title(QUESTION)
    expect(site.page).to_have_title("No more mails · Purse")
    expect(site.page.get_by_text("Mails about your payments still come.")).to_be_visible()
    assert mails.are_wanted
    site.page.get_by_role("button", name="No more mails").click()
    site.expect_title(DONE)
    assert not mails.are_wanted
    expect(site.page.get_by_role("heading", name=DONE)).to_be_focused()
    expect(site.page.get_by_role("button", name="No more mails")).to_have_count(0)


def test_the_link_works_again_for_somebody_who_has_none_already(
    visit: Visit, mails: Preferences
) -> None:
    for _ in range(2):
        site = visit(at=mails.link)
        site.page.get_by_role("button", name="No more mails").click()
        site.expect_title(DONE)


def test_a_double_click_asks_once(visit: Visit, mails: Preferences) -> None:
    site = visit(at=mails.link)
    asked: list[str] = []
    site.page.on("request", lambda request: asked.append(request.url))
    site.page.get_by_role("button", name="No more mails").dblclick()
    site.expect_title(DONE)
    assert len([url for url in asked if API in url]) == 1


@pytest.mark.parametrize("token", ["unknown", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_link_is_told(visit: Visit, console: Console, token: str) -> None:
    console.allow_failing(API)
    site = visit(at=f"/unsubscribe?token={token}")
    site.page.get_by_role("button", name="No more mails").click()
    site.expect_title(UNKNOWN)
    expect(site.page.get_by_role("link", name="Go to the start page")).to_be_visible()


def test_a_link_without_a_token_is_told_at_once(visit: Visit) -> None:
    visit(at="/unsubscribe").expect_title(UNKNOWN)


def test_a_server_that_fails_can_be_asked_again(
    visit: Visit, mails: Preferences, console: Console
) -> None:
    console.allow_failing(API)
    site = visit(at=mails.link)
    site.page.route(f"**{API}?**", lambda route: route.fulfill(status=503), times=1)
    site.page.get_by_role("button", name="No more mails").click()
    expect(site.page.get_by_role("main").get_by_role("alert")).to_contain_text("That did not work.")
    assert mails.are_wanted
    site.page.get_by_role("button", name="Try again").click()
    site.expect_title(DONE)
    expect(site.page.get_by_role("main").get_by_role("alert")).to_have_count(0)
    assert not mails.are_wanted


def test_it_says_that_one_is_offline(visit: Visit, mails: Preferences, console: Console) -> None:
    console.allow_failing(API)
    site = visit(at=mails.link)
    site.page.wait_for_load_state("networkidle")  # nothing else is cut off
    site.page.context.set_offline(True)
    site.page.get_by_role("button", name="No more mails").click()
    expect(site.page.get_by_role("main").get_by_role("alert")).to_contain_text("You are offline.")


def test_it_speaks_german(visit: Visit, mails: Preferences) -> None:
    site = visit(at=mails.link, locale="de-DE")
    site.page.get_by_role("button", name="Keine Mails mehr").click()
    expect(site.page.get_by_role("heading", name="Sie bekommen keine Mails mehr")).to_be_visible()
