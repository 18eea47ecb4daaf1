"""From a balance to a bigger one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.browser.pages import CARD_WITH_3DS, DECLINED_CARD, POOR_CARD

if TYPE_CHECKING:
    import psycopg

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.browser.pages import Site
    from tests.support import RunningStack, User


def test_three_clicks_lead_from_the_balance_to_payment(visitor: Site, stack: RunningStack) -> None:
    site = visitor
    site.sign_in(stack.demo_email, stack.demo_password)
    site.expect_balance(0)

    store = site.open_store()
    store.buy_button("Creator").click()
    site.at_checkout().pay()

    site.expect_paid("Creator", 1500, "$14.99", balance=1500)
    site.page.reload()
    site.expect_paid("Creator", 1500, "$14.99", balance=1500)

    site.page.get_by_role("link", name="See your balance").click()
    site.expect_title("Your balance")
    site.expect_balance(1500)
    expect(site.history).to_have_count(1)
    for part in ("Creator $14.99", "+1,500", "Balance 1,500", "Purchase"):
        expect(site.history).to_contain_text(part)


def test_the_store_shows_packs_and_what_things_cost(buyer: Site) -> None:
    store = buyer.open_store()
    expect(store.place).to_have_js_property("tagName", "DIALOG")
    expect(store.packs).to_contain_text(["Starter", "Creator", "Professional"])
    expect(store.packs).to_contain_text(["500 credits", "1,500 credits", "3,500 credits"])
    expect(store.packs).to_contain_text(["$4.99", "$14.99", "$29.99"])
    expect(store.prices).to_have_text(
        [
            "Audio upload2 credits",
            "Text upload3 credits",
            "DOCX processing5 credits",
            "Premium export15 credits",
        ]
    )


def test_the_payment_page_says_what_is_paid_for(buyer: Site) -> None:
    page = buyer.buy("Professional").page
    expect(page.get_by_role("heading", level=1)).to_contain_text("$29.99")
    expect(page.get_by_role("listitem").first).to_contain_text("Professional")
    expect(page.get_by_role("listitem").first).to_contain_text("3,500 credits")


def test_a_second_pack_adds_to_the_first(buyer: Site) -> None:
    buyer.buy("Starter").pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)
    buyer.buy("Professional").pay()
    buyer.expect_paid("Professional", 3500, "$29.99", balance=4000)
    buyer.open()
    expect(buyer.history).to_contain_text(["Professional", "Starter"])


def test_a_double_click_orders_once(
    buyer: Site, user: User, database: psycopg.Connection[dict[str, Any]]
) -> None:
    buyer.open_store().buy_button("Starter").dblclick()
    buyer.at_checkout()
    orders = database.execute(
        "select count(*) as count from purchases where user_id = %s", [user.id]
    ).fetchone()
    assert orders == {"count": 1}


def test_a_declined_card_says_so_and_another_pays_once(buyer: Site, console: Console) -> None:
    console.allow_failing("/c/pay/")
    checkout = buyer.buy("Starter")
    checkout.try_card(DECLINED_CARD)
    expect(checkout.problem).to_have_text("Your card was declined.")
    checkout.pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_a_card_without_funds_says_so_and_credits_nothing(buyer: Site, console: Console) -> None:
    console.allow_failing("/c/pay/")
    checkout = buyer.buy("Starter")
    checkout.try_card(POOR_CARD)
    expect(checkout.problem).to_contain_text("insufficient funds")
    buyer.open()
    buyer.expect_balance(0)
    expect(buyer.page.get_by_text("No movements yet")).to_be_visible()


def test_a_payment_confirmed_with_the_bank_is_credited(buyer: Site) -> None:
    checkout = buyer.buy("Starter")
    checkout.try_card(CARD_WITH_3DS)
    checkout.answer_bank("Complete")
    checkout.back_at_site()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_a_payment_refused_at_the_bank_can_be_tried_again(buyer: Site) -> None:
    checkout = buyer.buy("Starter")
    checkout.try_card(CARD_WITH_3DS)
    checkout.answer_bank("Fail")
    expect(checkout.problem).to_be_visible()
    checkout.pay()
    buyer.expect_paid("Starter", 500, "$4.99", balance=500)


def test_a_price_is_shown_as_stripe_charges_it(
    visit: Visit, user: User, database: psycopg.Connection[dict[str, Any]]
) -> None:
    """A browser gives the forint no decimals; Stripe counts it in hundredths."""
    database.execute(
        "update credit_packages set unit_amount = 499000, currency = 'huf' where id = 'starter'"
    )
    try:
        site = visit(user)
        store = site.open_store()
        expect(store.packs.first.locator(".pack__price strong")).to_have_text("HUF\xa04,990.00")
        store.buy_button("Starter").click()
        site.at_checkout().pay()
        site.expect_paid("Starter", 500, "HUF\xa04,990.00", balance=500)
    finally:
        database.execute(
            "update credit_packages set unit_amount = 499, currency = 'usd' where id = 'starter'"
        )
