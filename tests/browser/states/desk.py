"""The desk: its pages, and the dialogs that change something."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests import shop
from tests.browser.states.stage import Stage, State, cut
from tests.desk import Desk
from tests.http import refunding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page


def about_a_person(stage: Stage) -> Iterator[State]:
    """Finding somebody, what is known about them, and what can be done."""
    admin = stage.staff()
    bought = refunding.buy(stage.stack, stage.database, stage.person())
    bought.purse.spend(20)
    bought.purse.hold(2)
    Desk(stage.stack, admin).done("note", bought.user, reason="Called on Monday.")
    with stage.visit(admin) as site:
        page = site.page
        site.open("/admin#people")
        page.get_by_label("Address, id, or a part of a name").fill(bought.user.email)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name=bought.user.email)).to_be_visible()
        expect(page.get_by_text("Its 500 credits were posted")).to_be_visible()
        page.locator("summary").first.click()
        yield State("desk-person", page)
        page.get_by_role("button", name="Grant credits").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Preview").click()
        expect(dialog.get_by_text("This is needed.").first).to_be_visible()
        yield State("desk-grant-errors", page)
        dialog.get_by_label("Credits").fill("40")
        dialog.get_by_label("Reason").fill("An apology")
        dialog.get_by_role("button", name="Preview").click()
        expect(dialog.get_by_text("This will happen")).to_be_visible()
        yield State("desk-grant-preview", page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name=re.compile("Refund unused credits: Starter")).click()
        dialog.get_by_label("Reason").fill("Bought the wrong pack")
        dialog.get_by_role("button", name="Preview").click()
        expect(dialog.get_by_text("goes back.")).to_be_visible()
        yield State("desk-refund-preview", page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Make an offer").click()
        dialog.get_by_role("button", name="Preview").click()
        expect(dialog.get_by_text("This is needed.").first).to_be_visible()
        yield State("desk-offer-errors", page)
        page.keyboard.press("Escape")
        page.get_by_role("link", name="People").click()
        page.get_by_label("Address, id, or a part of a name").fill("user-")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row").nth(1)).to_be_visible()
        yield State("desk-people", page)


def figures(stage: Stage) -> Iterator[State]:
    """Today, money and use, with something in them, and a failure."""
    stage.console.allow_failing("/api/admin")
    user = stage.person()
    stage.stack.post("/api/packages", headers=user.auth)
    shop.buy(stage.stack, user)
    stage.purse(user).spend(3)
    with stage.visit(stage.staff()) as site:
        page = site.page
        site.open("/admin")
        expect(page.get_by_text("Last 30 days")).to_be_visible()
        expect(page.get_by_text(re.compile("All add up|does not add up"))).to_be_visible()
        yield State("desk-today", page)
        page.get_by_role("link", name="Money").click()
        expect(page.get_by_role("img", name=re.compile("Revenue in USD by day"))).to_be_visible()
        expect(page.get_by_role("region", name="How checkouts ended", exact=True)).to_be_visible()
        _unfold(page)
        yield State("desk-money", page)
        page.get_by_role("link", name="Use", exact=True).click()
        expect(page.get_by_role("img", name=re.compile("Credits used by day"))).to_be_visible()
        _unfold(page)
        yield State("desk-use", page)
        with cut(page.context, "**/api/admin/today"):
            page.get_by_role("link", name="Today").click()
            expect(page.get_by_role("alert")).to_be_visible()
            yield State("desk-failed", page)
    with stage.visit(user) as site:
        site.open("/admin")
        expect(site.page.get_by_role("heading", name="This desk is for staff")).to_be_visible()
        yield State("desk-no-role", site.page)
    with stage.visit() as site:
        site.open("/admin")
        expect(site.sign_in_form.get_by_label("E-mail")).to_be_visible()
        yield State("desk-signed-out", site.page)


def prices(stage: Stage) -> Iterator[State]:
    """Prices and their two dialogs."""
    with stage.visit(stage.staff()) as site:
        page = site.page
        site.open("/admin#prices")
        expect(page.get_by_role("button", name="Change Creator")).to_be_visible()
        yield State("desk-prices", page)
        page.get_by_role("button", name="Change Creator").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Price").fill("0.10")
        dialog.get_by_label("Reason").fill("A sale")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_text("Stripe charges at least $0.50.")).to_be_visible()
        yield State("desk-price", page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Prices of Starter").click()
        dialog.get_by_role("button", name="Add a currency").click()
        expect(dialog.get_by_label("Currency")).to_be_focused()
        yield State("desk-further-prices", page)


def campaigns(stage: Stage) -> Iterator[State]:
    """Grants from a file, and codes."""
    people = [stage.person() for _ in range(2)]
    lines = "".join(f"{each.email},40,30,Called us\n" for each in people)
    with stage.visit(stage.staff()) as site:
        page = site.page
        site.open("/admin#grants")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("This is needed.").first).to_be_visible()
        yield State("desk-grants-errors", page)
        page.get_by_label("Lines").fill(f"person,credits,valid_days,note\n{lines}nobody,5,,\n")
        page.get_by_label("Name").fill(f"Fair {secrets.token_hex(4)}")
        page.get_by_label("Reason").fill("They helped")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("heading", name="1 line of 3 cannot be granted")).to_be_visible()
        yield State("desk-grants-faults", page)
        page.get_by_role("button", name="Leave out 1 line").click()
        page.get_by_role("button", name="Grant 80 credits to 2 people").click()
        expect(page.get_by_text("80 credits granted to 2 people.")).to_be_visible()
        yield State("desk-grants-done", page)
        page.get_by_role("link", name="Codes").click()
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("This is needed.").first).to_be_visible()
        yield State("desk-codes-errors", page)
        page.get_by_label("Campaign", exact=True).fill(f"fair-{secrets.token_hex(6)}")
        page.get_by_label("Name", exact=True).fill("Book fair")
        page.get_by_label("Credits a code gives").fill("50")
        page.get_by_label("How many codes").fill("3")
        page.get_by_label("Reason").fill("The fair in May")
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("button", name="Make 3 codes").click()
        expect(page.get_by_text("They are not shown again")).to_be_visible()
        yield State("desk-codes-made", page)


def _unfold(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


WALKS = (about_a_person, figures, prices, campaigns)
