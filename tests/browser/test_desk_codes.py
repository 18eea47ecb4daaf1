"""Codes at the desk: make them, copy and download them once, and a silence in between."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.lost_answers import answers_lost

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import Accounts, RunningStack, User

PHONE = {"viewport": {"width": 390, "height": 844}}


def fill(page: Page, *, codes: int | None = 3) -> str:
    """Fill in the form; return the campaign's id."""
    id_ = f"fair-{secrets.token_hex(6)}"
    page.get_by_label("Campaign", exact=True).fill(id_)
    page.get_by_label("Name", exact=True).fill("Book fair")
    page.get_by_label("Credits a code gives").fill("50")
    page.get_by_label("How many codes").fill(str(codes or ""))
    page.get_by_label("Reason").fill("The fair in May")
    return id_


def test_codes_are_made_copied_and_downloaded_once(
    visit: Visit, admin: User, stack: RunningStack
) -> None:
    page = visit(admin, at="/admin#codes", **PHONE).page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("This is needed.")).to_have_count(4)
    campaign = fill(page, codes=None)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Give a number of codes, or one word.")).to_be_visible()
    page.get_by_label("How many codes").fill("3")
    page.get_by_label("First day").fill("2027-02-01")
    page.get_by_label("Last day").fill("2027-01-31")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("The last day is before the first.")).to_be_visible()
    page.get_by_label("First day").fill("")
    page.get_by_role("button", name="Preview").click()
    cost = "3 codes are made, of 50 credits each: 150 credits at most."
    expect(page.get_by_text(cost)).to_be_visible()
    page.get_by_role("button", name="Make 3 codes").click()
    shown = page.get_by_label("Codes", exact=True).and_(page.locator("textarea"))
    expect(page.get_by_text("They are not shown again")).to_be_visible()
    codes = shown.input_value().split("\n")
    assert len(set(codes)) == 3
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").split() == codes
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == f"{campaign}.csv"
    assert Path(download.value.path()).read_text("utf-8").split() == ["code", *codes]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    listed = page.get_by_role("region", name="Campaigns, newest first")
    expect(listed.get_by_role("row").filter(has_text=campaign)).to_contain_text("once in all")
    person = stack.sign_up()
    redeemed = stack.post("/api/redeem", json={"code": codes[0]}, headers=person.auth)
    assert redeemed.json()["credits"] == 50
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_label("Campaign", exact=True)).to_have_value("")
    expect(shown).to_have_count(0)
    page.reload()
    expect(listed.get_by_role("row").filter(has_text=campaign)).to_be_visible()
    expect(page.get_by_text(codes[0])).to_have_count(0)


def test_codes_whose_answer_was_lost_are_not_made_twice(
    visit: Visit, admin: User, console: Console
) -> None:
    console.allow_failing("/api/admin/codes")
    page = visit(admin, at="/admin#codes").page
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    campaign = fill(page)
    page.get_by_role("button", name="Preview").click()
    make = page.get_by_role("button", name="Make 3 codes")
    with answers_lost(page, "**/api/admin/codes"):
        make.click()
        expect(page.get_by_text("No answer came.")).to_be_visible()
    make.click()
    expect(page.get_by_text("cannot be shown again")).to_be_visible()
    row = page.get_by_role("row").filter(has_text=campaign)
    expect(row.get_by_role("cell").nth(2)).to_have_text("3")
    # The form keeps the terms: the next set is one more click away.
    expect(page.get_by_label("Campaign", exact=True)).to_have_value(campaign)


def test_support_sees_the_campaigns_only(
    visit: Visit, stack: RunningStack, accounts: Accounts
) -> None:
    supporter = accounts.appoint(stack.sign_up(), "support")
    page = visit(supporter, at="/admin#codes").page
    expect(page.get_by_role("heading", name="Campaigns")).to_be_visible()
    expect(page.get_by_role("button", name="Preview")).to_have_count(0)
