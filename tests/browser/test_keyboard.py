"""Everything by the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import FilePayload, Locator, expect

from tests.browser.pages import GOOD_CARD, Store

if TYPE_CHECKING:
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import User

MOST_STOPS = 40


def tab_to(place: Locator) -> None:
    """Press Tab until the place has the focus."""
    expect(place).to_be_visible()
    for _ in range(MOST_STOPS):
        if place.evaluate("element => element === element.getRootNode().activeElement"):
            return
        place.page.keyboard.press("Tab")
    raise AssertionError(f"{MOST_STOPS} times Tab do not lead to {place}")


def test_a_purchase_needs_no_mouse(visitor: Site, user: User) -> None:
    page, keyboard = visitor.page, visitor.page.keyboard
    tab_to(page.get_by_label("E-mail"))
    keyboard.type(user.email)
    tab_to(page.get_by_label("Password", exact=True))
    keyboard.type(user.password)
    keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your balance")).to_be_focused()

    tab_to(page.get_by_role("button", name="Buy credits"))
    keyboard.press("Enter")
    tab_to(visitor.store.buy_button("Starter"))
    keyboard.press("Enter")

    visitor.at_checkout()
    tab_to(page.get_by_role("button", name=GOOD_CARD))
    keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pay $4.99")).to_be_focused()
    keyboard.press("Enter")
    visitor.expect_paid("Starter", 500, "$4.99", balance=500)


def test_a_file_needs_no_mouse(purse: Purse, buyer: Site) -> None:
    purse.buy(500)
    page, keyboard = buyer.page, buyer.page.keyboard
    # From here on the chooser is Playwright's: told only when the key is pressed, it may come late.
    page.on("filechooser", lambda _chooser: None)
    files = buyer.open_files()
    tab_to(files.choose_button)
    with page.expect_file_chooser() as opened:
        keyboard.press("Enter")
    opened.value.set_files(FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"Peas."))
    heading = files.queue.get_by_role("heading", name="Uploads")
    expect(heading).to_be_focused()
    tab_to(files.queue.get_by_role("button", name="Upload for 3 credits"))
    keyboard.press("Enter")
    files.expect_done("notes.txt", "3 credits · balance 497")
    expect(heading).to_be_focused()

    tab_to(page.get_by_role("checkbox", name="notes.txt"))
    keyboard.press("Space")
    tab_to(page.get_by_role("button", name="Export as ZIP"))
    keyboard.press("Enter")
    expect(page.get_by_text("Your export is ready.")).to_be_visible()
    keyboard.press("Tab")
    expect(page.locator("export-bar").get_by_role("link", name="Download")).to_be_focused()


def test_the_store_takes_the_focus_keeps_it_and_gives_it_back(buyer: Site) -> None:
    keyboard = buyer.page.keyboard
    tab_to(buyer.pill)
    keyboard.press("Enter")
    store = buyer.store
    expect(store.place.get_by_role("heading", name="Store")).to_be_focused()
    # Until the packs are known, Tab leads past them.
    expect(store.packs).to_have_count(3)
    for stop in stops_in(store):
        keyboard.press("Tab")
        expect(stop).to_be_focused()
    keyboard.press("Escape")
    expect(store.place).to_be_hidden()
    expect(buyer.pill).to_be_focused()


def stops_in(store: Store) -> list[Locator]:
    """Return what Tab leads to in the store, in this order."""
    close = store.place.get_by_role("button", name="Close the store")
    return [close, *(store.buy_button(pack) for pack in ("Starter", "Creator", "Professional"))]


def test_the_first_stop_skips_the_header(buyer: Site) -> None:
    keyboard = buyer.page.keyboard
    keyboard.press("Tab")
    expect(buyer.page.get_by_role("link", name="Skip to content")).to_be_focused()
    keyboard.press("Enter")
    expect(buyer.page.get_by_role("main")).to_be_focused()
