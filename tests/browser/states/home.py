"""The start page: signed out, and with every kind of balance and history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.states.stage import Stage, State, cut, held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database.purse import Purse

CREDITS = "**/api/credits*"


def signed_out(stage: Stage) -> Iterator[State]:
    """The start page for a visitor, and without payments."""
    with stage.visit() as site:
        site.open()
        expect(site.page.get_by_role("button", name="Buy Professional")).to_be_visible()
        yield State("home-signed-out", site.page)
    with stage.visit(site=stage.switched_off) as site:
        site.open()
        expect(site.page.get_by_role("button", name="Buy Professional")).to_be_visible()
        yield State("home-signed-out-payments-off", site.page)


def balances(stage: Stage) -> Iterator[State]:
    """An empty, a low, a spent and a negative balance."""
    user = stage.person()
    purse = stage.purse(user)
    with stage.visit(user) as site:
        site.open()
        site.expect_balance(0)
        yield State("home-empty", site.page)
        purse.buy(10)
        site.open()
        site.expect_balance(10)
        expect(site.page.get_by_text("Running low.")).to_be_visible()
        yield State("home-low", site.page)
        purse.spend(2)
        site.open()
        site.expect_balance(0)
        yield State("home-zero", site.page)
        spent = purse.buy(40)
        purse.spend(8)
        purse.refund(spent, 40)
        site.open()
        site.expect_balance(-40)
        yield State("home-negative", site.page)


def full(stage: Stage) -> Iterator[State]:
    """A history with every kind of entry; loading, and after a failure."""
    stage.console.allow_failing("/api/credits")
    user = stage.person()
    fill(stage.purse(user))
    with stage.visit(user) as site:
        site.open()
        site.expect_balance(1_441)
        expect(site.history.first).to_be_visible()
        yield State("home-full", site.page)
        site.open_entry(site.history.nth(5))
        yield State("home-entry", site.page)
        site.page.get_by_role("searchbox", name="Search").fill("nothing like this")
        expect(site.page.get_by_text("Nothing matches.")).to_be_visible()
        yield State("home-nothing-found", site.page)
        site.open()
        expect(site.history.first).to_be_visible()
        with held(site.page.context, CREDITS):
            site.page.reload(wait_until="commit")
            expect(site.page.get_by_role("heading", level=1)).to_be_visible()
            expect(site.page.get_by_role("link", name="Purse", exact=True)).to_be_visible()
            yield State("home-loading", site.page)
        with cut(site.page.context, CREDITS):
            site.page.reload()
            expect(site.page.get_by_role("alert").first).to_be_visible()
            yield State("home-failed", site.page)


def german(stage: Stage) -> Iterator[State]:
    """The start page in German."""
    user = stage.person()
    fill(stage.purse(user))
    with stage.visit(locale="de-DE") as site:
        site.open()
        expect(site.page.get_by_role("button", name="Professional kaufen")).to_be_visible()
        yield State("german-home-signed-out", site.page)
    with stage.visit(user, locale="de-DE") as site:
        site.open()
        expect(site.page.get_by_text("1.441").first).to_be_visible()
        yield State("german-home", site.page)
        site.page.get_by_role("button", name="Shop öffnen").click()
        dialog = site.page.get_by_role("dialog")
        expect(dialog.get_by_role("button", name="Professional kaufen")).to_be_visible()
        yield State("german-store", site.page)


def fill(purse: Purse) -> None:
    """Leave 1,441 credits after every kind of movement; 10 of them are set aside."""
    purse.grant(30, days=5, reason="Launch gift")
    purse.time_passes(days=6)
    purse.read()
    purse.buy(1500)
    purse.grant(20, days=9, reason="Thank you for the long report about the upload that failed")
    for quantity, feature in ((3, "audio_upload"), (1, "txt_upload"), (4, "docx_processing")):
        purse.spend(quantity, feature)
    purse.reverse(purse.spend()["transaction_id"])
    purse.spend(1, "premium_export")
    purse.refund(purse.buy(500), 500)
    purse.grant(-35, "correction", reason="Counted twice")
    purse.hold(2)


WALKS = (signed_out, balances, full, german)
