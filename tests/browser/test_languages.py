"""The site in German: chosen by link, switch or browser, on every page, down to Stripe's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests import shop
from tests.browser.pages import Checkout
from tests.browser.test_layout import DESK, PHONE, TOO_WIDE_BY

if TYPE_CHECKING:
    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.database.purse import Purse
    from tests.support import RunningStack, User

GERMAN = {"locale": "de-DE"}


def test_a_german_browser_sees_german(visit: Visit) -> None:
    page = visit(**GERMAN).page
    expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    expect(page.get_by_role("button", name="Starter kaufen")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page).to_have_title("Guthaben in Credits · Purse")
    expect(page.locator('meta[name="description"]')).to_have_attribute(
        "content", "Credits einmal kaufen, Funktion für Funktion ausgeben und jede Bewegung sehen."
    )


def test_a_language_that_we_do_not_have_is_english(visit: Visit) -> None:
    page = visit(locale="sw-KE").page
    expect(page.get_by_role("button", name="Buy Starter")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_link_chooses_the_language_and_the_next_page_keeps_it(visit: Visit) -> None:
    site = visit(at="/?lang=de")
    expect(site.page.get_by_role("heading", name="Paket auswählen")).to_be_visible()
    site.open("/payment/cancelled")
    expect(site.page.get_by_role("heading", name="Es wurde nichts abgebucht")).to_be_visible()


def test_the_switch_in_the_footer_keeps_the_page_and_its_question(visit: Visit) -> None:
    site = visit(at="/payment/success?session_id=cs_test_1")
    footer = site.page.get_by_role("contentinfo")
    footer.get_by_role("link", name="Deutsch").click()
    site.page.wait_for_url("**/payment/success?session_id=cs_test_1&lang=de")
    expect(site.page.get_by_role("heading", name="Melden Sie sich an, um")).to_be_visible()
    expect(footer.get_by_role("link", name="Deutsch")).to_have_attribute("aria-current", "true")
    footer.get_by_role("link", name="English").click()
    expect(site.page.get_by_role("heading", name="Sign in to see")).to_be_visible()
    site.open("/payment/cancelled")
    expect(site.page.get_by_role("heading", name="Nothing was charged")).to_be_visible()


def test_numbers_money_dates_and_plurals_are_german(visit: Visit, user: User, purse: Purse) -> None:
    purse.buy(1500)
    purse.grant(1, days=9, reason="Probe")
    page = visit(user, **GERMAN).page
    expect(page.get_by_text("1.501").first).to_be_visible()
    expect(page.get_by_text("1 Credit verfällt am")).to_be_visible()
    page.get_by_role("button", name="Credits kaufen").click()
    store = page.get_by_role("dialog")
    expect(store.get_by_text("14,99\N{NO-BREAK SPACE}$")).to_be_visible()
    expect(store.get_by_text("14\N{NO-BREAK SPACE}% sparen")).to_be_visible()


def test_a_refusal_is_said_in_german(visit: Visit, user: User, console: Console) -> None:
    console.allow_failing("/auth/v1/token")
    page = visit(**GERMAN).page
    page.get_by_label("E-Mail-Adresse").fill(user.email)
    page.get_by_label("Passwort", exact=True).fill("not-the-password")
    page.get_by_role("button", name="Anmelden").last.click()
    expect(page.get_by_role("alert")).to_contain_text("passen nicht zusammen")


@pytest.mark.parametrize(
    ("locale", "said"), [("en-US", "Only on weekdays."), ("de-DE", "Das wurde abgelehnt.")]
)
def test_a_refusal_without_a_text_of_ours_is_in_the_page_s_language(
    visit: Visit, console: Console, locale: str, said: str
) -> None:
    console.allow_failing("/auth/v1/token")
    page = visit(locale=locale).page
    answer = {"error_code": "weekdays_only", "msg": "Only on weekdays."}
    page.route("**/auth/v1/token?**", lambda route: route.fulfill(status=422, json=answer))
    page.locator("auth-form input").first.fill("ada@example.com")
    page.locator("auth-form input").last.fill("correct horse battery")
    page.locator("auth-form button[type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text(said)


def test_stripes_page_is_asked_to_speak_german(
    visit: Visit, user: User, stack: RunningStack
) -> None:
    page = visit(user, **GERMAN).page
    page.get_by_role("button", name="Credits kaufen").click()
    page.get_by_role("button", name="Starter kaufen").click()
    page.wait_for_url("**/c/pay/**")
    session = shop.stripe_client(stack).v1.checkout.sessions.retrieve(Checkout(page).session_id)
    assert session.locale == "de"


def test_without_its_file_the_page_is_in_english(visit: Visit, console: Console) -> None:
    console.allow_failing("/assets/de-")
    site = visit(at="/?lang=en")
    site.page.route("**/assets/de-*.js", lambda route: route.abort())
    with site.page.expect_event("requestfailed"):
        site.open("/?lang=de")
    expect(site.page.get_by_role("button", name="Buy Starter")).to_be_visible()


@pytest.fixture(params=[("phone", "light"), ("phone", "dark"), ("desk", "light"), ("desk", "dark")])
def german(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A German phone or desk, by day and by night."""
    kind, scheme = request.param
    is_phone = kind == "phone"
    touch = {"is_mobile": is_phone, "has_touch": is_phone}
    return {**GERMAN, "viewport": PHONE if is_phone else DESK, "color_scheme": scheme, **touch}


def test_german_fits_every_page(
    visit: Visit, user: User, purse: Purse, console: Console, german: dict[str, Any]
) -> None:
    console.allow_failing("/no/such/page")
    visitor = visit(**german).page
    expect(visitor.get_by_role("button", name="Professional kaufen")).to_be_visible()
    assert visitor.evaluate(TOO_WIDE_BY) <= 0
    purse.buy(1500)
    purse.grant(20, days=9, reason="Willkommensgeschenk")
    purse.spend(3)
    site = visit(user, **german)
    for path, heading in (
        ("/", "Ihr Guthaben"),
        ("/files", "Dateien"),
        ("/payment/cancelled", "Es wurde nichts abgebucht"),
        ("/payment/success", "Dieser Link nennt keine Zahlung"),
        ("/account", "Konto"),
        ("/sign-in/reset", "Passwort vergessen?"),
        ("/unsubscribe?token=none", "Keine Mails mehr?"),
        ("/no/such/page", "Hier ist nichts"),
    ):
        site.open(path)
        expect(site.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        expect(site.page.get_by_text("1.505").first).to_be_visible()
        assert site.page.evaluate(TOO_WIDE_BY) <= 0, path
    site.page.get_by_role("button", name="Shop öffnen").click()
    expect(site.page.get_by_role("dialog").locator(".pack")).to_have_count(3)
    assert site.page.evaluate(TOO_WIDE_BY) <= 0
