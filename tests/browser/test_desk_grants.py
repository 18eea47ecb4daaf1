"""Grants from a file at the desk: choose or paste, preview, carry out, go on after a failure."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.lost_answers import answers_lost
from tests.database.batches import begin, lines_of
from tests.database.purse import Purse

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import Accounts, RunningStack, User

    Database = Connection[dict[str, Any]]

MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def people(stack: RunningStack) -> list[User]:
    """Three people without credits."""
    return [stack.sign_up() for _ in range(3)]


def file_of(people: list[User], *more: str) -> str:
    lines = (f"{each.email},40,30,Called us" for each in people)
    return "\n".join(("person,credits,valid_days,note", *lines, *more)) + "\n"


def fill(page: Page, csv: str, campaign: str) -> None:
    page.get_by_label("Lines").fill(csv)
    page.get_by_label("Name").fill(campaign)
    page.get_by_label("Reason").fill("They helped")


def preview(page: Page, csv: str, campaign: str | None = None) -> str:
    """Fill in the form and have it previewed; return the campaign's name."""
    name = campaign or f"Fair {secrets.token_hex(4)}"
    fill(page, csv, name)
    page.get_by_role("button", name="Preview").click()
    return name


def test_a_file_is_chosen_previewed_and_granted(
    visit: Visit, admin: User, people: list[User], stack: RunningStack, tmp_path: Path
) -> None:
    chosen = tmp_path / "fair.csv"
    chosen.write_text(file_of(people), encoding="utf-8-sig")
    page = visit(admin, at="/admin#grants").page
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("This is needed.")).to_have_count(3)
    page.get_by_label("CSV file").set_input_files(chosen)
    expect(page.get_by_label("Lines")).to_have_value(file_of(people))
    name = f"Fair {secrets.token_hex(4)}"
    page.get_by_label("Name").fill(name)
    page.get_by_label("Reason").fill("They helped")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("3 people get 120 credits in all.")).to_be_visible()
    row = page.get_by_role("region", name="What each line would do").get_by_role("row")
    expect(row.filter(has_text=people[0].email)).to_contain_text("0 → 40")
    assert stack.balance_of(people[0]) == 0
    page.get_by_role("button", name="Grant 120 credits to 3 people").click()
    expect(page.get_by_text("120 credits granted to 3 people.")).to_be_focused()
    assert [stack.balance_of(each) for each in people] == [40, 40, 40]
    expect(page.get_by_label("Lines")).to_have_value("")
    page.get_by_role("link", name=name).click()
    lines = page.get_by_role("region", name="What became of each line")
    expect(lines.get_by_text("granted", exact=True)).to_have_count(3)
    page.reload()
    lines.get_by_role("link", name=people[0].email).click()
    done = page.get_by_role("region", name="What staff did, newest first")
    expect(done).to_contain_text("Granted from a file")
    expect(page.get_by_text("Called us")).to_be_visible()
    page.go_back()
    expect(lines).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Lines")).to_be_visible()


def test_lines_with_faults_are_named_and_left_out(
    visit: Visit, admin: User, people: list[User], stack: RunningStack
) -> None:
    page = visit(admin, at="/admin#grants", **PHONE).page
    preview(page, file_of(people, 'nobody@example.com,5,,"two\nlines"', f"{people[0].id},1,,"))
    expect(page.get_by_role("heading", name="2 lines of 5 cannot be granted")).to_be_visible()
    table = page.get_by_role("region", name="What each line would do")
    rows = table.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Nobody has this address or id.")
    expect(rows.nth(2)).to_contain_text("Line 2 names the same person.")
    expect(page.get_by_role("button", name=re.compile("^Grant "))).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Leave out 2 lines").click()
    expect(page.get_by_text("3 people get 120 credits in all.")).to_be_visible()
    expect(page.get_by_label("Lines")).to_have_value(file_of(people))
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Lines")).to_be_focused()
    expect(table).to_have_count(0)
    assert stack.balance_of(people[0]) == 0


def test_what_is_no_csv_is_said(
    visit: Visit, admin: User, console: Console, tmp_path: Path
) -> None:
    console.allow_failing("/api/admin/grants")
    page = visit(admin, at="/admin#grants").page
    preview(page, "ada@example.com,40\n")
    problem = page.get_by_role("alert").filter(has_text="The first line must name the columns")
    expect(problem).to_be_visible()
    file = page.get_by_label("CSV file")
    image = tmp_path / "picture.csv"
    image.write_bytes(b"\x89PNG\xff\xfe")
    file.set_input_files(image)
    expect(page.get_by_text("This file is no text in UTF-8.")).to_be_visible()
    large = tmp_path / "large.csv"
    large.write_text("x" * 300_000)
    file.set_input_files(large)
    expect(page.get_by_text("The file has 293 KB, and 256 KB is the most.")).to_be_visible()
    expect(page.get_by_label("Lines")).to_have_value("ada@example.com,40\n")


def test_a_silence_after_the_click_and_the_second_click_grant_once(
    visit: Visit, admin: User, people: list[User], stack: RunningStack, console: Console
) -> None:
    console.allow_failing("/api/admin/grants")
    page = visit(admin, at="/admin#grants").page
    preview(page, file_of(people))
    grant = page.get_by_role("button", name="Grant 120 credits to 3 people")
    expect(grant).to_be_visible()
    with answers_lost(page, "**/api/admin/grants"):
        grant.click()
        expect(page.get_by_text("Go on: nobody is granted twice.")).to_be_visible()
    expect(page.get_by_role("button", name="Change")).to_have_count(0)
    grant.click()
    expect(page.get_by_text("120 credits granted to 3 people.")).to_be_focused()
    assert [stack.balance_of(each) for each in people] == [40, 40, 40]


def test_an_account_in_use_is_waited_for_and_the_page_shows_how_far_it_is(
    visit: Visit, admin: User, people: list[User], stack: RunningStack, database: Database
) -> None:
    Purse(database, people[1].id).grant(1)
    page = visit(admin, at="/admin#grants").page
    preview(page, file_of(people))
    with stack.connect() as holder, holder.transaction():
        holder.execute("select from user_credits where user_id = %s for update", [people[1].id])
        page.get_by_role("button", name="Grant 120 credits to 3 people").click()
        expect(page.get_by_text("2 of 3 lines are done.")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_attribute("value", "2")
    expect(page.get_by_text("120 credits granted to 3 people.")).to_be_focused()
    assert [stack.balance_of(each) for each in people] == [40, 41, 40]


def test_a_batch_whose_page_was_closed_goes_on_from_the_list(
    visit: Visit, admin: User, people: list[User], stack: RunningStack, database: Database
) -> None:
    batch = begin(database, admin.id, lines_of([each.id for each in people]))
    page = visit(admin, at="/admin#grants").page
    link = page.locator(f'a[href="#grants={batch.batch_id}"]')
    expect(page.get_by_role("row").filter(has=link)).to_contain_text("3 lines left")
    link.click()
    page.get_by_role("button", name="Go on: 3 lines left").click()
    expect(page.get_by_text("120 credits granted to 3 people.")).to_be_focused()
    expect(page.get_by_role("button", name="Go on")).to_have_count(0)
    assert [stack.balance_of(each) for each in people] == [40, 40, 40]


def test_the_same_file_again_is_noticed(visit: Visit, admin: User, people: list[User]) -> None:
    page = visit(admin, at="/admin#grants").page
    name = preview(page, file_of(people[:1]))
    page.get_by_role("button", name="Grant 40 credits to 1 person").click()
    expect(page.get_by_text("40 credits granted to 1 person.")).to_be_visible()
    preview(page, file_of(people), name)
    expect(page.get_by_text("1 person had credits of this name before.")).to_be_visible()
    expect(page.get_by_text("Had 40 credits of this name before.")).to_be_visible()


def test_support_sees_batches_and_no_form(
    visit: Visit, admin: User, people: list[User], stack: RunningStack, accounts: Accounts
) -> None:
    page = visit(admin, at="/admin#grants").page
    preview(page, file_of(people[:1]), MARKUP)
    page.get_by_role("button", name="Grant 40 credits to 1 person").click()
    expect(page.get_by_text("40 credits granted to 1 person.")).to_be_visible()
    supporter = accounts.appoint(stack.sign_up(), "support")
    seen = visit(supporter, at="/admin#grants").page
    link = seen.get_by_role("row", name=admin.email).get_by_role("link", name=MARKUP)
    expect(link).to_be_visible()
    assert seen.get_by_role("main").locator("img, b").count() == 0
    expect(seen.get_by_label("Lines")).to_have_count(0)
    link.click()
    expect(seen.get_by_role("heading", name=MARKUP)).to_be_visible()
    expect(seen.get_by_role("main").get_by_role("button")).to_have_count(0)


def test_free_credits_and_the_age_of_those_left_are_drawn_with_their_numbers(
    visit: Visit, admin: User, people: list[User], database: Database
) -> None:
    Purse(database, people[0].id).grant(1_000_000, reason=MARKUP)
    # As if the daily job had not run for days: the page then counts by itself.
    database.execute("select purse.count_use()")
    database.execute("update purse.use_figures set counted_at = now() - interval '3 days'")
    page = visit(admin, at="/admin#use").page
    free = page.get_by_role("region", name="Free credits", exact=True)
    expect(free.get_by_text(re.compile("All lots, counted"))).to_be_visible()
    row = database.execute(
        "select counted_at > now() - interval '1 hour' as is_new from purse.use_figures"
    ).fetchone()
    assert row == {"is_new": True}
    page.get_by_role("button", name="Count anew").click()
    expect(page.get_by_role("button", name="Count anew")).to_be_focused()
    for title, numbers in (
        ("Free credits by the day they were given", "Given"),
        ("Credits left by the age of their lot, in days", "over 365"),
    ):
        figure = page.get_by_role("figure", name=title)
        expect(figure.get_by_role("img", name=re.compile(title))).to_be_visible()
        figure.get_by_text("The numbers").click()
        expect(figure.get_by_role("region")).to_contain_text(numbers)
    expect(page.get_by_role("region", name="Free credits by source and name")).to_contain_text(
        MARKUP
    )
