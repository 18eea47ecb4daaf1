"""The desk as staff see and use it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lost_answers import answers_lost
from tests.database.ledger import record
from tests.database.purse import Purse
from tests.desk import Desk
from tests.http import refunding
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.http.refunding import Bought
    from tests.support import Accounts, RunningStack, User

MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def bought(stack: RunningStack, database: Connection[dict[str, Any]]) -> Bought:
    """A pack of 500 credits for 4.99, of which 100 credits are spent."""
    bought = refunding.buy(stack, database, stack.sign_up())
    bought.purse.spend(20)  # at 5 credits each
    return bought


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True)


def title(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, exact=True, level=1)


def find(page: Page, query: str) -> None:
    page.get_by_role("link", name="People").click()
    page.get_by_label("Address, id, or a part of a name").fill(query)
    page.keyboard.press("Enter")


def test_an_admin_signs_in_finds_a_person_and_grants_credits(
    visit: Visit, admin: User, person: User, stack: RunningStack
) -> None:
    site = visit(at="/admin")
    site.sign_in(admin.email, admin.password)
    page = site.page
    expect(title(page, "Today")).to_be_focused()
    expect(page).to_have_title("Today · Desk · Purse")
    expect(page.get_by_role("link", name="Deutsch")).to_have_count(0)
    expect(page.get_by_text("All add up")).to_be_visible()
    find(page, person.email)
    expect(heading(page, person.email)).to_be_visible()
    page.get_by_role("button", name="Grant credits").click()
    dialog = page.get_by_role("dialog", name="Grant credits")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("This is needed.")).to_have_count(2)
    expect(dialog.get_by_label("Credits")).to_be_focused()
    dialog.get_by_label("Credits").fill("40")
    dialog.get_by_label("Reason").fill("An apology")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_role("region", name="Balances before and after")).to_contain_text(
        "500 → 540"
    )
    assert stack.balance_of(person) == 500
    dialog.get_by_role("button", name="Grant", exact=True).click()
    said = "Granted. The balance is now 540 credits, 540 of them free."
    expect(page.get_by_text(said)).to_be_focused()
    assert stack.balance_of(person) == 540
    history = page.get_by_role("region", name="History, newest first")
    expect(history).to_contain_text("An apology")
    expect(page.get_by_role("region", name="What staff did, newest first")).to_contain_text(
        admin.email
    )


def test_back_and_forward_lead_through_the_desk(visit: Visit, admin: User, person: User) -> None:
    page = visit(admin, at="/admin").page
    find(page, person.id)
    expect(heading(page, person.email)).to_be_visible()
    page.go_back()
    expect(title(page, "People")).to_be_visible()
    page.go_back()
    expect(title(page, "Today")).to_be_visible()
    page.go_forward()
    page.go_forward()
    expect(heading(page, person.email)).to_be_visible()
    page.reload()
    expect(heading(page, person.email)).to_be_visible()


def test_it_is_used_by_the_keyboard_alone(
    visit: Visit, admin: User, person: User, stack: RunningStack
) -> None:
    page = visit(admin, at=f"/admin#person={person.id}").page
    grant = page.get_by_role("button", name="Grant credits")
    grant.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(grant).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("7")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.type("By keyboard")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This will happen")).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Grant", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Granted.")).to_be_focused()
    assert stack.balance_of(person) == 507


def test_support_sees_everything_and_no_button_that_moves_credits(
    visit: Visit, supporter: User, person: User
) -> None:
    page = visit(supporter, at=f"/admin#person={person.id}").page
    expect(heading(page, person.email)).to_be_visible()
    names = page.get_by_role("main").get_by_role("button").all_inner_texts()
    assert set(names) <= {"Export all data", "Add note", "Send the receipt again"}
    page.get_by_label("New note").fill("Called on Monday.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Note added.")).to_be_visible()
    expect(page.get_by_text("Called on Monday.")).to_be_visible()


def test_somebody_without_a_role_is_told_so(visit: Visit, person: User, console: Console) -> None:
    console.allow_failing("/api/admin")
    page = visit(person, at="/admin").page
    expect(heading(page, "This desk is for staff")).to_be_visible()
    expect(page.get_by_text(f"{person.email} has no role here.")).to_be_visible()
    expect(page.get_by_role("navigation", name="Desk")).to_have_count(0)


def test_a_session_that_ends_leaves_nothing_on_the_page(
    visit: Visit, admin: User, person: User, accounts: Accounts, console: Console
) -> None:
    console.allow_failing("/api/admin")
    console.allow_failing("/auth/v1/token")
    page = visit(admin, at=f"/admin#person={person.id}").page
    expect(heading(page, person.email)).to_be_visible()
    accounts.delete(admin)
    # Stored anew as one that has expired; its refresh token leads to nobody any more.
    page.evaluate(
        "localStorage['purse.session'] ="
        " JSON.stringify({...JSON.parse(localStorage['purse.session']), expires_at: 1})"
    )
    page.get_by_role("link", name="Today").click()
    expect(page.locator("auth-form")).to_be_visible()
    expect(page.get_by_text(person.email)).to_have_count(0)


def test_a_failure_is_said_and_tried_again(visit: Visit, admin: User, console: Console) -> None:
    console.allow_failing("/api/admin/today")
    page = visit(admin, at="/admin#people").page
    expect(title(page, "People")).to_be_visible()
    page.route("**/api/admin/today", lambda route: route.abort())
    page.get_by_role("link", name="Today").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("No answer came.")
    page.unroute("**/api/admin/today")
    problem.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Last 30 days")).to_be_visible()


def test_the_unused_part_of_a_pack_is_refunded_and_stripe_agrees(
    visit: Visit, admin: User, supporter: User, bought: Bought, console: Console
) -> None:
    console.allow_failing("/api/admin/act")
    of_support = visit(supporter, at=f"/admin#person={bought.user.id}").page
    of_support.locator("summary").click()
    expect(of_support.get_by_text("$3.99 for 400 unused credits")).to_be_visible()
    expect(of_support.get_by_text("An admin can refund it.")).to_be_visible()

    page = visit(admin, at=f"/admin#person={bought.user.id}").page
    page.locator("summary").click()
    page.get_by_role("button", name=re.compile("Refund unused credits: Starter")).click()
    dialog = page.get_by_role("dialog", name="Refund unused credits")
    dialog.get_by_label("Reason").fill("Bought the wrong pack")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("$3.99 goes back. A hold keeps 400 credits")).to_be_visible()
    # Less is free by now, so what was shown is not refunded.
    held = bought.purse.hold(20)["hold_id"]
    dialog.get_by_role("button", name="Refund unused credits").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Another amount can be refunded now.")
    bought.purse.release(held)
    dialog.get_by_role("button", name="Preview").click()
    region = dialog.get_by_role("region", name="Balances before and after")
    expect(region).to_contain_text("400 → 0")
    assert bought.at_stripe() == []
    dialog.get_by_role("button", name="Refund unused credits").click()
    said = "Refund requested. Stripe made it: $3.99 goes back for 400 credits."
    expect(page.get_by_text(said)).to_be_focused()
    assert [made.amount for made in bought.at_stripe()] == [399]
    assert bought.purse.balance == 0
    page.locator("summary").click()
    expect(page.get_by_text("Nothing of this pack is left")).to_be_visible()
    asked = page.get_by_role("region", name="Refunds, newest first")
    expect(asked).to_contain_text("Bought the wrong pack")
    expect(page.get_by_role("region", name="What staff did, newest first")).to_contain_text(
        "Refund requested"
    )


def test_an_export_that_fails_halfway_is_tried_again(
    visit: Visit,
    admin: User,
    person: User,
    console: Console,
    database: Connection[dict[str, Any]],
) -> None:
    console.allow_failing("/api/admin/export")
    page = visit(admin, at=f"/admin#person={person.id}").page
    page.get_by_role("button", name="Export all data").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("They asked for a copy")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("The ledger does not change.")).to_be_visible()
    page.route("**/api/admin/export*", lambda route: route.abort())
    dialog.get_by_role("button", name="Export", exact=True).click()
    problem = page.get_by_role("alert").filter(has_text="No answer came.")
    expect(problem).to_be_visible()
    page.unroute("**/api/admin/export*")
    with page.expect_download() as saved:
        problem.get_by_role("button", name="Try again").click()
    assert saved.value.suggested_filename == f"{person.id}.json"
    expect(page.get_by_text("Data exported.")).to_be_visible()
    row = database.execute(
        "select count(*) as exports from admin_actions where user_id = %s", [person.id]
    ).fetchone()
    assert row == {"exports": 1}


def test_the_hold_of_a_refund_has_no_button(
    visit: Visit, admin: User, person: User, database: Connection[dict[str, Any]]
) -> None:
    held = [Purse(database, person.id).hold()["hold_id"] for _ in range(2)]
    database.execute("update credit_holds set feature = 'purse:refund' where id = %s", [held[0]])
    page = visit(admin, at=f"/admin#person={person.id}").page
    rows = page.get_by_role("region", name="Open holds").get_by_role("row")
    expect(rows.filter(has_text="purse:refund")).to_have_count(1)
    expect(rows.get_by_role("button")).to_have_count(1)


def test_a_silence_after_the_click_and_the_second_click_do_it_once(
    visit: Visit, admin: User, person: User, stack: RunningStack, console: Console
) -> None:
    console.allow_failing("/api/admin/act")
    page = visit(admin, at=f"/admin#person={person.id}").page
    page.get_by_role("button", name="Grant credits").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Credits").fill("40")
    dialog.get_by_label("Reason").fill("An apology")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.get_by_text("This will happen")).to_be_visible()
    with answers_lost(page, "**/api/admin/act"):
        dialog.get_by_role("button", name="Grant", exact=True).click()
        expect(dialog.get_by_role("alert")).to_contain_text("No answer came.")
    dialog.get_by_role("button", name="Grant", exact=True).click()
    expect(page.get_by_text("Granted. It was done before.")).to_be_visible()
    assert stack.balance_of(person) == 540


def test_markup_of_names_notes_and_reasons_is_shown_as_text(
    visit: Visit,
    admin: User,
    person: User,
    stack: RunningStack,
    database: Connection[dict[str, Any]],
) -> None:
    desk = Desk(stack, admin)
    desk.done("note", person, reason=MARKUP)
    desk.done("grant", person, credits=1, reason=MARKUP)
    database.execute(
        "update purchases set package_name = %s where user_id = %s", [MARKUP, person.id]
    )
    page = visit(admin, at=f"/admin#person={person.id}").page
    expect(page.get_by_text(MARKUP, exact=True).first).to_be_visible()
    main = page.get_by_role("main")
    assert main.inner_text().count(MARKUP) >= 5
    assert main.locator("img, b").count() == 0


def test_a_refund_in_another_currency_is_written_in_its_own_decimals(
    visit: Visit, admin: User, stack: RunningStack, database: Connection[dict[str, Any]]
) -> None:
    order = Order(user_id=stack.sign_up().id)
    refund = {**Reversal(order).refund(900), "currency": "jpy"}
    record(database, order.facts("paid"), refund)
    page = visit(admin, at=f"/admin#person={order.user_id}").page
    page.locator("summary").filter(has_text="Starter").click()
    table = page.get_by_role("region", name="Refunds and disputes")
    expect(table.get_by_role("cell", name="¥900", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "place", ["today", "people", "person", "money", "use", "prices", "grants", "codes"]
)
def test_nothing_is_wider_than_a_phone(visit: Visit, admin: User, person: User, place: str) -> None:
    hash_ = f"person={person.id}" if place == "person" else place
    page = visit(admin, at=f"/admin#{hash_}", **PHONE).page
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if place == "codes":
        expect(page.get_by_label("How many codes")).to_be_visible()
    if place == "grants":
        expect(page.get_by_label("Lines")).to_be_visible()
    if place in {"money", "use", "prices"}:
        expect(page.get_by_role("region").first).to_be_attached()
    if place == "person":
        expect(page.get_by_text(re.compile("Its 500 credits were posted"))).to_be_visible()
        page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
