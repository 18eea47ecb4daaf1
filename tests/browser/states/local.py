"""The pages of the local stack: payment page, control room and mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.pages import CARD_WITH_3DS, DECLINED_CARD
from tests.browser.states.stage import Stage, State

if TYPE_CHECKING:
    from collections.abc import Iterator


def pages(stage: Stage) -> Iterator[State]:
    """The payment page, declined and at the bank; the control room; the mailbox."""
    stage.console.allow_failing("/c/pay/")
    user = stage.person()
    with stage.visit(user) as site:
        site.open()
        checkout = site.buy("Starter")
        yield State("local-pay", site.page)
        checkout.try_card(DECLINED_CARD)
        expect(checkout.problem).to_be_visible()
        yield State("local-pay-declined", site.page)
        checkout.try_card(CARD_WITH_3DS)
        expect(site.page.get_by_role("heading", name="Is this you?")).to_be_visible()
        yield State("local-pay-bank", site.page)
        checkout.answer_bank("Complete")
        checkout.back_at_site()
        site.page.goto(f"{stage.stack.stripe_api_base}/_sim")
        expect(site.page.get_by_role("heading", level=1)).to_be_visible()
        yield State("local-control-room", site.page)
        site.page.goto(stage.stack.mailbox_url)
        expect(site.page.get_by_role("heading", level=1)).to_be_visible()
        yield State("local-mailbox", site.page)


WALKS = (pages,)
