"""A shop that asks buyers to give up the right of withdrawal before checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests import shop
from tests.browser.pages import PAID

if TYPE_CHECKING:
    from tests.browser.conftest import StartStack
    from tests.browser.pages import Site
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

WORDING = "I want to use the credits at once. I know that I then lose my right of withdrawal."


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> RunningStack:
    """A stack that offers withdrawals, and asks for the waiver."""
    return start_stack({**shop.WITHDRAWING, "WITHDRAWAL_WAIVER_TEXT": WORDING})


def test_the_box_is_not_ticked_and_needed(buyer: Site) -> None:
    store = buyer.open_store()
    box = store.place.get_by_role("checkbox", name=WORDING)
    expect(box).not_to_be_checked()
    store.buy_button("Starter").click()
    expect(store.place.get_by_role("alert")).to_have_text(
        "Tick this box first. Then pick your pack again."
    )
    expect(box).to_be_focused()


def test_who_ticks_it_pays_and_is_not_offered_the_withdrawal(
    buyer: Site, purse: Purse, user: User
) -> None:
    store = buyer.open_store()
    store.place.get_by_role("checkbox", name=WORDING).check()
    store.buy_button("Starter").click()
    buyer.at_checkout().pay()
    buyer.expect_title(PAID)
    buyer.open()
    buyer.expect_balance(500)
    entry = buyer.open_entry(buyer.history.first)
    expect(entry.get_by_role("button", name="Receipt")).to_be_visible()
    expect(buyer.page.get_by_role("button", name="Withdraw from contract")).to_have_count(0)
    rows = purse.database.execute(
        """
        select w.wording from withdrawal_waivers w
        join purchases p on p.id = w.purchase_id where p.user_id = %s
        """,
        [user.id],
    ).fetchall()
    assert rows == [{"wording": WORDING}]


def test_a_visitor_agrees_after_signing_in(visitor: Site, user: User) -> None:
    expect(visitor.page.get_by_role("checkbox", name=WORDING)).to_be_visible()
    visitor.page.get_by_role("button", name="Buy Starter").click()
    visitor.sign_in(user.email, user.password)
    expect(visitor.store.place.get_by_role("alert")).to_contain_text("Tick this box first.")
    visitor.store.place.get_by_role("checkbox", name=WORDING).check()
    visitor.store.buy_button("Starter").click()
    visitor.at_checkout()


def test_nobody_agrees_for_the_next_person(buyer: Site, stack: RunningStack) -> None:
    store = buyer.open_store()
    store.place.get_by_role("checkbox", name=WORDING).check()
    buyer.page.keyboard.press("Escape")
    buyer.sign_out()
    other = stack.sign_up()
    buyer.sign_in(other.email, other.password)
    expect(buyer.open_store().place.get_by_role("checkbox", name=WORDING)).not_to_be_checked()
