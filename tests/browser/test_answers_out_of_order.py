"""Answers that come late: after newer ones, or for somebody who is not there any more."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.browser.holding import hold
from tests.samples import docx_of
from tests.support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.browser.storage import Storage
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

LOAD = """async () => {
  const { wallet } = await import("/js/credits/wallet.js");
  await wallet.load();
}"""
TAKE = """async (query) => {
  const [{ wallet }, { getCredits }] =
    await Promise.all([import("/js/credits/wallet.js"), import("/js/credits/api.js")]);
  wallet.take(await getCredits(query));
}"""
# Not waited for: a test holds the answer back.
READ_FILES = """async () => {
  const { shelf } = await import("/js/files/file-shelf.js");
  shelf.load();
}"""
# As an upload tells of a file that is done.
PUT_FILE = """async () => {
  const [{ shelf }, { getFiles }] =
    await Promise.all([import("/js/files/file-shelf.js"), import("/js/files/files-api.js")]);
  const { files } = await getFiles({ limit: 1 });
  shelf.put(files[0]);
}"""
MAKE_FILES = """
insert into files (user_id, feature, filename, size, content_type, status, summary, completed_at)
select %s, 'txt_upload', number || '.txt', 1, 'text/plain', 'done', '{"words": 1}', now()
from generate_series(1, %s) number
"""
FILES = re.compile(r"/api/files\?limit=20$")
# As another tab tells of it: nobody is signed in any more, or somebody else.
LEAVE = """() => {
  localStorage.removeItem("purse.session");
  dispatchEvent(new StorageEvent("storage", { key: "purse.session" }));
}"""
OTHER = """() => {
  const session = JSON.parse(localStorage.getItem("purse.session"));
  session.user.id = crypto.randomUUID();
  localStorage.setItem("purse.session", JSON.stringify(session));
  dispatchEvent(new StorageEvent("storage", { key: "purse.session" }));
}"""


@pytest.fixture(scope="module")
def stack(unbuilt: RunningStack) -> RunningStack:
    """The unbuilt site, whose modules a test can call."""
    return unbuilt


@contextmanager
def held(page: Page, address: str) -> Iterator[None]:
    """Hold requests to an address back until the block ends; then wait for the first answer."""
    waiting = hold(page, address)
    with page.expect_response(address) as answer:
        yield
        for route in waiting:
            route.continue_()
    answer.value.finished()
    page.unroute(address)
    page.evaluate("() => new Promise(requestAnimationFrame)")


def test_the_history_grows_while_the_balance_is_read(
    visit: Visit, user: User, purse: Purse
) -> None:
    purse.buy(500)
    for _ in range(24):
        purse.spend()
    site = visit(user)
    expect(site.history).to_have_count(20)
    older = "**/api/credits?*cursor=*"
    with held(site.page, older):
        with site.page.expect_request(older):
            site.page.get_by_role("button", name="Show earlier").click()
        purse.spend()
        site.page.evaluate(LOAD)
        site.expect_balance(375)
    expect(site.history).to_have_count(26)
    site.expect_balance(375)
    # What somebody reads does not become shorter either.
    site.page.evaluate(TAKE, {"limit": 20})
    expect(site.history).to_have_count(26)


def test_the_chart_of_use_is_shown_also_where_a_newer_answer_came_first(
    visit: Visit, user: User, purse: Purse
) -> None:
    purse.buy(500)
    purse.spend()
    site = visit(user)
    used = site.page.locator("credit-balance").get_by_role("img")
    expect(used).to_be_visible()
    with held(site.page, "**/api/credits?*usage=true*"):
        site.page.reload()
        site.page.evaluate(TAKE, {"limit": 20})
        site.expect_balance(495)
    expect(used).to_be_visible()


def test_what_the_desk_finds_late_leads_nobody_away(
    visit: Visit, admin: User, person: User
) -> None:
    page = visit(admin, at="/admin#people").page
    page.get_by_label("Address, id, or a part of a name").fill(person.email)
    found = "**/api/admin/people?*"
    with held(page, found):
        with page.expect_request(found):
            page.keyboard.press("Enter")
        page.get_by_role("link", name="Money").click()
        expect(page.get_by_role("heading", level=1, name="Money")).to_be_focused()
    assert page.evaluate("location.hash") == "#money"


def test_nobody_is_sent_to_pay_for_somebody_who_has_left(visit: Visit, user: User) -> None:
    site = visit(user)
    asked: list[str] = []
    site.page.on("request", lambda request: asked.append(request.url))
    checkout = "**/api/create-checkout-session"
    with held(site.page, checkout):
        with site.page.expect_request(checkout):
            site.open_store().buy_button("Starter").click()
        site.page.evaluate(LEAVE)
        site.expect_signed_out()
    site.page.evaluate("() => new Promise(requestAnimationFrame)")
    site.expect_signed_out()
    assert not [url for url in asked if "/c/pay/" in url]


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorized"), (403, "account_deleted")])
def test_what_somebody_asked_who_has_left_is_not_asked_for_the_next_person(
    visit: Visit, user: User, console: Console, status: int, code: str
) -> None:
    console.allow_failing("/api/credits")
    site = visit(user)
    waiting = hold(site.page, "**/api/credits?limit=7")
    site.page.evaluate(
        """async () => {
          const { getCredits } = await import("/js/credits/api.js");
          globalThis.answered = getCredits({ limit: 7 }).catch((error) => error.code);
        }"""
    )
    until(lambda: site.page.evaluate("1") and waiting, "asked")
    site.page.evaluate(OTHER)
    refusal = {"error": {"code": code, "message": "No."}}
    waiting[0].fulfill(status=status, json=refusal)
    expected = "signed_out" if status == 401 else code
    assert site.page.evaluate("globalThis.answered") == expected
    assert len(waiting) == 1
    assert site.page.evaluate("localStorage.getItem('purse.session')")


@pytest.mark.parametrize(
    ("module", "export", "answer"),
    [
        (
            "/js/credits/api.js",
            "exportCredits",
            {"body": "a,b", "headers": {"Content-Type": "text/csv", "Next-Cursor": "77"}},
        ),
        ("/js/account/account-api.js", "exportAccount", {"json": {"next_cursor": "77"}}),
    ],
)
def test_no_file_mixes_what_two_people_have(
    visit: Visit, user: User, module: str, export: str, answer: dict[str, Any]
) -> None:
    site = visit(user)
    pages = re.compile(r"/api/(credits|account)/export")
    waiting = hold(site.page, pages)
    with site.page.expect_request(pages):
        site.page.evaluate(
            """async ([path, name]) => {
          const module = await import(path);
          globalThis.exported = module[name]().then(() => "saved", ({ code }) => code);
        }""",
            [module, export],
        )
    site.page.evaluate(OTHER)
    (first,) = waiting
    first.fulfill(**answer)
    assert site.page.evaluate("globalThis.exported") == "signed_out"
    assert len(waiting) == 1


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_answers_about_files_the_newer_one_counts(
    visit: Visit, user: User, purse: Purse, order: tuple[int, int]
) -> None:
    site = visit(user, at="/files")
    expect(site.page.get_by_text("No files yet")).to_be_visible()
    waiting = hold(site.page, FILES)
    answers = []
    for made in (0, 2):
        purse.database.execute(MAKE_FILES, [user.id, made])
        site.page.evaluate(READ_FILES)
        until(lambda: site.page.evaluate("1") and len(waiting) > len(answers), "asked")
        answers.append(waiting[-1].fetch())
    for each in order:
        with site.page.expect_response(FILES) as answer:
            waiting[each].fulfill(response=answers[each])
        answer.value.finished()
        site.page.evaluate("() => new Promise(requestAnimationFrame)")
    expect(site.files.list).to_have_count(2)


def test_the_list_of_files_is_read_also_where_an_upload_ends_before_its_answer(
    visit: Visit, user: User, purse: Purse
) -> None:
    purse.database.execute(MAKE_FILES, [user.id, 3])
    site = visit(user, at="/payment/cancelled")
    with held(site.page, FILES):
        with site.page.expect_request(FILES):
            site.open("/files")
        site.page.evaluate(PUT_FILE)
    expect(site.files.list).to_have_count(3)


@pytest.mark.parametrize("change", [READ_FILES, PUT_FILE], ids=["read", "put"])
def test_the_list_of_files_grows_while_it_changes(
    visit: Visit, user: User, purse: Purse, change: str
) -> None:
    purse.database.execute(MAKE_FILES, [user.id, 25])
    site = visit(user, at="/files")
    expect(site.files.list).to_have_count(20)
    older = "**/api/files?*cursor=*"
    with held(site.page, older):
        with site.page.expect_request(older):
            site.page.get_by_role("button", name="Show earlier").click()
        purse.database.execute(MAKE_FILES, [user.id, 1])
        site.page.evaluate(change)
        expect(site.files.list).to_have_count(21)
    expect(site.files.list).to_have_count(26)


def test_an_upload_begun_again_waits_until_the_last_one_is_cancelled(
    buyer: Site, purse: Purse, storage: Storage
) -> None:
    purse.buy(500)
    files = buyer.open_files()
    storage.hold()
    files.choose(("novel.docx", docx_of((1, "Winter"), (0, "Snow fell all night."))))
    files.press("Upload for 5 credits")
    row = files.row("novel.docx")
    expect(row).to_contain_text("Uploading…")
    begun: list[str] = []
    files.page.on(
        "request",
        lambda request: (
            request.url.endswith("/api/files")
            and request.method == "POST"
            and begun.append(request.url)
        ),
    )
    with held(files.page, "**/api/files?file_id=*"):
        with files.page.expect_request("**/api/files?file_id=*"):
            row.get_by_role("button", name="Cancel").click()
        row.get_by_role("button", name="Try again").click()
        expect(row).to_contain_text("Cancel")
        files.page.evaluate("() => new Promise(requestAnimationFrame)")
        assert not begun
    storage.forget()
    expect(row).to_contain_text("Done")
    assert purse.balance == 495
