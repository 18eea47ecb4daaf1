"""The store: full, with an offer, a code, without payments, loading and failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.states.stage import Stage, State, cut, held
from tests.offers import offered

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = "**/api/packages*"


def dialog(stage: Stage) -> Iterator[State]:
    """The store over a page, with a code, and with an offer."""
    stage.console.allow_failing("/api/redeem", "/api/create-checkout-session")
    user = stage.person()
    with stage.visit(user) as site:
        site.open()
        site.expect_balance(0)
        store = site.open_store()
        expect(store.packs).to_have_count(3)
        yield State("store", site.page)
        store.code.get_by_text("Have a code?").click()
        store.code.get_by_label("Code").fill("no such code")
        store.code.get_by_label("Code").press("Enter")
        expect(store.problem).to_be_visible()
        yield State("store-wrong-code", site.page)
        stage.stripe.break_down()
        store.buy_button("Starter").click()
        expect(store.problem.filter(has_text="Nothing was charged")).to_be_visible()
        yield State("store-checkout-failed", site.page)
        stage.stripe.recover()
        offered(stage.database, user.id)
        site.open()
        site.open_store()
        expect(store.offers).to_have_count(1)
        yield State("store-offer", site.page)


def trouble(stage: Stage) -> Iterator[State]:
    """The store while it loads, after a failure, and without payments."""
    stage.console.allow_failing("/api/packages", "/api/offers")
    user = stage.person()
    with stage.visit(user) as site:
        site.open("/payment/cancelled")
        site.expect_balance(0)
        with held(site.page.context, PACKAGES):
            store = site.open_store()
            expect(store.place).to_be_visible()
            yield State("store-loading", site.page)
    with stage.visit(user) as site, cut(site.page.context, PACKAGES):
        site.open("/payment/cancelled")
        site.expect_balance(0)
        store = site.open_store()
        expect(store.problem).to_be_visible()
        yield State("store-failed", site.page)
    with stage.visit(user, site=stage.switched_off) as site:
        site.open()
        site.expect_balance(0)
        store = site.open_store()
        expect(store.packs).to_have_count(3)
        yield State("store-payments-off", site.page)


WALKS = (dialog, trouble)
