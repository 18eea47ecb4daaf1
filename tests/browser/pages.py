"""The pages of a purchase, as somebody looking at them finds their way around."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import FilePayload, Locator, Page, expect

# What the browser of a phone differs by.
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}

GOOD_CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 0002"
POOR_CARD = "4000 0000 0000 9995"
CARD_WITH_3DS = "4000 0025 0000 3155"
BANK_ACCOUNT = "000123456789"

PAID = "Your credits are here"
CONFIRMING = "Confirming your payment…"
CHECKOUT_URL = re.compile(r"/c/pay/cs_test_\w+")
SUCCESS_URL = re.compile(r"/payment/success\?session_id=cs_test_\w+$")
CANCELLED_URL = re.compile(r"/payment/cancelled$")


class Site:
    """Purse itself: its header, its pages, its store."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, path: str = "/") -> None:
        """Go to one of its addresses."""
        self.page.goto(f"{self.url}{path}")

    def fill_in(self, email: str, password: str) -> None:
        """Type into the form for signing in or up."""
        self.sign_in_form.get_by_label("E-mail").fill(email)
        self.sign_in_form.get_by_label("Password", exact=True).fill(password)

    def sign_in(self, email: str, password: str) -> None:
        """Sign in through the form that the page shows."""
        self.fill_in(email, password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()

    def sign_out(self) -> None:
        """Sign out by the menu in the header."""
        self.page.get_by_role("button", name="Account", exact=True).click()
        self.page.get_by_role("button", name="Sign out", exact=True).click()

    @property
    def sign_in_form(self) -> Locator:
        """The form for signing in or up."""
        return self.page.locator("auth-form")

    @property
    def pill(self) -> Locator:
        """The balance in the header, which opens the store."""
        return self.page.get_by_role("button", name="open the store")

    @property
    def history(self) -> Locator:
        """The entries of the history, newest first."""
        return self.page.locator("credit-history").get_by_role("listitem")

    def open_entry(self, entry: Locator) -> Locator:
        """Open an entry of the history, if it is closed; return it."""
        if entry.get_by_role("group").get_attribute("open") is None:
            entry.locator("summary").click()
        return entry

    def begin(self, step: str) -> Locator:
        """Take the first of two steps with the oldest purchase; return the dialog of the second."""
        self.open_entry(self.history.last).get_by_role("button", name=step).click()
        dialog = self.page.get_by_role("dialog", name=step)
        expect(dialog).to_be_visible()
        return dialog

    @property
    def store(self) -> Store:
        """The store, once it is open."""
        return Store(self.page.get_by_role("dialog", name="Store"))

    @property
    def files(self) -> Files:
        """The page of one's files."""
        return Files(self.page)

    def open_files(self) -> Files:
        """Go to one's files by the link in the header."""
        self.page.get_by_role("banner").get_by_role("link", name="Files").click()
        self.expect_title("Files")
        return self.files

    def open_store(self) -> Store:
        """Open the store by the balance in the header."""
        self.pill.click()
        return self.store

    def buy(self, pack: str) -> Checkout:
        """Go to the payment page for a pack."""
        self.open_store().buy_button(pack).click()
        return self.at_checkout()

    def at_checkout(self) -> Checkout:
        """Wait for the payment page."""
        self.page.wait_for_url(CHECKOUT_URL)
        return Checkout(self.page)

    def expect_balance(self, credits_: int) -> None:
        """Expect this balance in the header."""
        written = f"{credits_:,}".replace("-", "\N{MINUS SIGN}")
        name = re.compile(rf"^\W*{written} credits, open the store$")
        expect(self.pill).to_have_accessible_name(name)

    def expect_title(self, text: str) -> None:
        """Expect this as the page's main heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def expect_signed_out(self) -> None:
        """Expect the page of somebody who is not signed in."""
        self.expect_title("Fill up once. Spend as you go.")
        expect(self.pill).to_be_hidden()

    def expect_paid(self, pack: str, credits_: int, price: str, balance: int) -> None:
        """Expect the receipt: what was bought, and a balance that the header repeats."""
        self.expect_title(PAID)
        receipt = f"{pack}: {credits_:,} credits for {price}."
        expect(self.page.get_by_text(receipt, exact=True)).to_be_visible()
        expect(self.page.get_by_text("New balance")).to_be_visible()
        expect(self.page.locator(".payment__balance strong")).to_have_text(f"{balance:,}")
        self.expect_balance(balance)


class Store:
    """What is on sale: over a page as a dialog, or on the start page of somebody signed out."""

    def __init__(self, place: Locator) -> None:
        self.place = place

    @property
    def packs(self) -> Locator:
        """The packs on sale."""
        packs = self.place.get_by_role("list", name="Credit packs")
        return packs.locator("li:not([aria-hidden])")

    @property
    def currency(self) -> Locator:
        """The choice of the currency to pay in."""
        return self.place.get_by_label("Currency")

    @property
    def offers(self) -> Locator:
        """What is offered to this person alone."""
        offers = self.place.get_by_role("list", name="Offers for you")
        return offers.get_by_role("listitem")

    @property
    def code(self) -> Locator:
        """Where a code is entered; closed at first."""
        return self.place.get_by_role("group").filter(has_text="Have a code?")

    @property
    def prices(self) -> Locator:
        """What each feature costs."""
        return self.place.get_by_role("list", name="What things cost").get_by_role("listitem")

    @property
    def problem(self) -> Locator:
        """What went wrong."""
        return self.place.get_by_role("alert")

    def buy_button(self, pack: str) -> Locator:
        """The button that buys a pack."""
        return self.place.get_by_role("button", name=f"Buy {pack}")


class Files:
    """One's files: the place for uploads, their queue, and the list of all."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def choose_button(self) -> Locator:
        """The button that lets files be chosen."""
        return self.page.get_by_role("button", name="Choose files")

    @property
    def queue(self) -> Locator:
        """The uploads that are prepared, under way or over."""
        return self.page.locator("upload-panel")

    @property
    def queued(self) -> Locator:
        """The files of the queue, in the order they were chosen."""
        return self.queue.get_by_role("list", name="Uploads").locator("> li")

    @property
    def list(self) -> Locator:
        """The files, newest first."""
        return self.page.get_by_role("list", name="Your files").locator("> li:not([aria-hidden])")

    @property
    def problem(self) -> Locator:
        """What went wrong."""
        return self.page.get_by_role("main").get_by_role("alert")

    def choose(self, *files: tuple[str, bytes]) -> None:
        """Choose files from the device, each a name and what is in it."""
        with self.page.expect_file_chooser() as opened:
            self.choose_button.click()
        opened.value.set_files(
            [
                FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
                for name, content in files
            ]
        )

    def drag(self, event: str, *files: tuple[str, bytes]) -> None:
        """Drag files over the page's heading ("dragover"), or drop them there ("drop")."""
        expect(self.page.locator("file-drop > *").first).to_be_attached()
        carried = self.page.evaluate_handle(
            """files => {
              const carried = new DataTransfer();
              for (const [name, bytes] of files)
                carried.items.add(new File([new Uint8Array(bytes)], name, { lastModified: 1 }));
              return carried;
            }""",
            [(name, list(content)) for name, content in files],
        )
        self.page.dispatch_event("h1", event, {"dataTransfer": carried})

    def drop(self, *files: tuple[str, bytes]) -> None:
        """Drop files beside the place that is meant for them."""
        self.drag("drop", *files)

    def press(self, name: str) -> None:
        """Press a button of the queue."""
        self.queue.get_by_role("button", name=name).click()

    def upload(self, name: str, content: bytes) -> None:
        """Choose a file and have it uploaded."""
        self.choose((name, content))
        self.press("Upload for")

    def row(self, name: str) -> Locator:
        """A file of the queue."""
        return self.queued.filter(has=self.page.get_by_text(name, exact=True))

    def expect_stage(self, words: str) -> None:
        """Expect the only upload of the queue to be at this point."""
        expect(self.queued).to_contain_text(words)

    def expect_done(self, name: str, paid: str) -> None:
        """Expect the only upload to be done, and what it cost and left."""
        expect(self.queued).to_contain_text(["Done"])
        expect(self.row(name)).to_be_visible()
        expect(self.queue.get_by_text(f"1 file uploaded · {paid}")).to_be_visible()

    def menu(self, name: str) -> Locator:
        """Open what else can be done with a file of the list."""
        self.page.get_by_role("button", name=f"More for {name}").click()
        menu = self.page.get_by_role("menu", name=f"More for {name}")
        expect(menu).to_be_visible()
        return menu


class Checkout:
    """The payment page: Stripe's in production, the stand-in's here."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def session_id(self) -> str:
        """The id of the Checkout Session this page is about."""
        return urlsplit(self.page.url).path.split("/")[3]

    @property
    def problem(self) -> Locator:
        """What went wrong with the payment."""
        return self.page.get_by_role("alert")

    @property
    def pay_button(self) -> Locator:
        """The button that pays."""
        return self.page.get_by_role("button", name=re.compile(r"^Pay .*\d"))

    def try_card(self, card: str) -> None:
        """Choose a test card and pay with it; what comes of it is up to the card."""
        self.page.get_by_role("button", name=card).click()
        expect(self.page.get_by_label("Card number")).to_have_value(card)
        self.pay_button.click()

    def pay(self) -> str:
        """Pay with a good card, come back to the site, and return the session's id."""
        self.try_card(GOOD_CARD)
        return self.back_at_site()

    def pay_by_bank(self) -> str:
        """Pay by bank debit, come back to the site, and return the session's id."""
        self.page.get_by_role("radio", name="Bank debit").check()
        self.page.get_by_label("Account number").fill(BANK_ACCOUNT)
        self.pay_button.click()
        return self.back_at_site()

    def answer_bank(self, answer: str) -> None:
        """Answer the bank's question whether it is you: "Complete" or "Fail"."""
        expect(self.page.get_by_role("heading", name="Is this you?")).to_be_visible()
        self.page.get_by_role("button", name=answer).click()

    def back_at_site(self) -> str:
        """Wait for the return page, and return the session's id that it is told."""
        self.page.wait_for_url(SUCCESS_URL)
        return parse_qs(urlsplit(self.page.url).query)["session_id"][0]

    def leave(self) -> None:
        """Go back to the site without paying."""
        self.page.get_by_role("link", name="Back to").click()
        self.page.wait_for_url(CANCELLED_URL)
