"""The list of one's files: a row each, its downloads, a menu, and a choice of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.waiting import until_holds
from tests.samples import docx_of

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.pages import Files, Site
    from tests.database.purse import Purse
    from tests.support import User

NOVEL = docx_of((1, "Winter"), (0, "Snow fell all night."))
PEAS = b"Sow the peas."
MOST_EXPORTED = 50
PAGE_SIZE = 20
# Files as processing leaves them, with their price spent.
MAKE_DONE = """
insert into files (user_id, feature, filename, size, content_type, status, summary, completed_at)
select %s, 'txt_upload', number || '.txt', 1, 'text/plain', 'done', '{"words": 1}', now()
from generate_series(1, %s) number
"""


@pytest.fixture
def files(purse: Purse, buyer: Site) -> Files:
    """The files' page of somebody with 500 credits, a document and two texts."""
    purse.buy(500)
    files = buyer.open_files()
    files.choose(("novel.docx", NOVEL), ("a.txt", PEAS), ("b.txt", PEAS))
    files.press("Upload 3 files")
    expect(files.list).to_have_count(3)
    return files


def menu_button(files: Files) -> Locator:
    """The button that opens the menu of the document."""
    return files.page.get_by_role("button", name="More for novel.docx")


def all_box(files: Files) -> Locator:
    """The box that chooses all files, or none."""
    return files.page.get_by_role("checkbox", name="Choose all")


def test_a_row_has_one_download_and_a_menu_with_the_others(files: Files) -> None:
    row = files.list.filter(has_text="novel.docx")
    expect(row.get_by_role("link")).to_have_count(1)
    menu = files.menu("novel.docx")
    expect(menu.get_by_role("menuitem")).to_have_text(
        ["Download: Chapters as JSON", "Download: Original", "Delete"]
    )
    with files.page.expect_download() as started:
        menu.get_by_role("menuitem", name="Original").click()
    assert started.value.suggested_filename == "novel.docx"
    expect(menu).to_be_hidden()


def test_the_menu_is_used_by_the_keyboard_and_gives_the_focus_back(files: Files) -> None:
    keyboard = files.page.keyboard
    button = menu_button(files)
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    keyboard.press("Enter")
    items = files.page.get_by_role("menuitem")
    expect(items.nth(0)).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    for key, place in (("ArrowDown", 1), ("End", 2), ("ArrowDown", 0), ("ArrowUp", 2), ("Home", 0)):
        keyboard.press(key)
        expect(items.nth(place)).to_be_focused()
    keyboard.press("Escape")
    expect(files.page.get_by_role("menu")).to_be_hidden()
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_a_menu_closes_when_the_focus_or_the_pointer_goes_elsewhere(files: Files) -> None:
    menu = files.menu("novel.docx")
    files.page.keyboard.press("Tab")
    expect(menu).to_be_hidden()
    files.menu("novel.docx")
    files.page.get_by_role("heading", name="Your files").click()
    expect(menu).to_be_hidden()
    menu_button(files).click()
    expect(menu).to_be_visible()
    menu_button(files).click()
    expect(menu).to_be_hidden()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_menu_is_within_the_window(files: Files, width: int) -> None:
    files.page.set_viewport_size({"width": width, "height": 500})
    menu = files.menu("novel.docx")
    until_holds(
        files.page,
        """menu => {
          const { left, right, top, bottom } = menu.getBoundingClientRect();
          return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
        }""",
        menu.element_handle(),
    )


def test_all_are_chosen_and_none_again_and_some_is_shown_as_some(files: Files) -> None:
    box = all_box(files)
    files.page.get_by_role("checkbox", name="a.txt").check()
    assert box.evaluate("box => box.indeterminate") is True
    expect(files.page.get_by_text("1 file chosen · 15 credits · leaves 474")).to_be_visible()
    box.check()
    assert box.evaluate("box => box.indeterminate") is False
    expect(files.page.get_by_role("checkbox", checked=True)).to_have_count(4)
    expect(files.page.get_by_text("3 files chosen · 15 credits · leaves 474")).to_be_visible()
    box.uncheck()
    expect(files.page.get_by_role("checkbox", checked=True)).to_have_count(0)
    expect(files.page.get_by_role("button", name="Export as ZIP")).to_be_hidden()


def test_a_choice_of_too_many_says_so_and_sells_nothing(
    purse: Purse, user: User, visit: Visit
) -> None:
    purse.buy(500)
    purse.database.execute(MAKE_DONE, [user.id, MOST_EXPORTED + 2])
    files = visit(user, at="/files").files
    for count in (2 * PAGE_SIZE, MOST_EXPORTED + 2):
        files.page.get_by_role("button", name="Show earlier").click()
        expect(files.list).to_have_count(count)
    all_box(files).check()
    too_many = "52 files chosen · 50 go into one ZIP at most: leave 2 out"
    expect(files.page.get_by_text(too_many)).to_be_visible()
    expect(files.page.get_by_role("button", name="Export as ZIP")).to_be_hidden()
    for name in ("1.txt", "2.txt"):
        files.page.get_by_role("checkbox", name=f"Choose {name} for an export").uncheck()
    expect(files.page.get_by_role("button", name="Export as ZIP")).to_be_visible()


def test_a_long_list_is_a_row_of_two_lines_each(purse: Purse, user: User, visit: Visit) -> None:
    purse.database.execute(MAKE_DONE, [user.id, PAGE_SIZE])
    files = visit(user, at="/files").files
    expect(files.list).to_have_count(PAGE_SIZE)
    heights = files.list.evaluate_all("rows => rows.map((row) => row.offsetHeight)")
    assert max(heights) <= 72, heights


def test_nothing_moves_while_the_page_loads(purse: Purse, user: User, visit: Visit) -> None:
    purse.database.execute(MAKE_DONE, [user.id, PAGE_SIZE])
    site = visit(user, at="/payment/cancelled")
    # What moves in the header alone is every page's.
    site.page.add_init_script("""
      globalThis.shifted = 0;
      const isBelow = ({ node }) => !document.querySelector(".header").contains(node);
      new PerformanceObserver((list) => {
        for (const { value, sources } of list.getEntries())
          if (sources.some(isBelow)) globalThis.shifted += value;
      }).observe({ type: "layout-shift", buffered: true });
    """)
    site.open("/files")
    expect(site.files.list).to_have_count(PAGE_SIZE)
    expect(site.page.get_by_text("up to 20 MB")).to_be_visible()
    assert site.page.evaluate("shifted") <= 0.01
