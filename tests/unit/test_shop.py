"""shop.py: the shop's identity is read, checked, and told to pages and to Stripe."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
import stripe.params.checkout

from api._lib.errors import NotConfiguredError
from api._lib.payments.begin_order import BegunOrder, CheckoutRequest
from api._lib.payments.checkout import begin_checkout
from api._lib.payments.order import Order
from api._lib.payments.session_params import LOCALES, session_params
from api._lib.settings import Settings, load, settings
from api._lib.shop import LEAST_CONTRAST, LIGHT_BACKGROUND, contrast
from api._lib.web.auth import User
from local.stack import ROOT
from ops.checks.shop import check_shop
from tests.unit.functions import CORE_SETTINGS, client

WHOLE = {
    "SHOP_NAME": "Garden Books",
    "SHOP_LOGO_URL": "/img/logo.svg",
    "SHOP_COLOR": "#0B6A47",
    "SHOP_SUPPORT_EMAIL": "help@example.com",
    "SHOP_TERMS_URL": "https://example.com/terms?lang=en",
    "SHOP_PRIVACY_URL": "/privacy",
    "SHOP_IMPRINT_URL": "https://example.com",
    "CHECKOUT_TERMS_CONSENT": "true",
}
TOKENS = (ROOT / "public/css/tokens.css").read_text("utf-8")


def loaded(**shop: str) -> Settings:
    return load({**CORE_SETTINGS, **shop})


def params(config: Settings, locale: str = "auto") -> dict[str, Any]:
    order = Order(
        order_id="00000000-0000-4000-8000-000000000001",
        user_id="00000000-0000-4000-8000-000000000002",
        package_id="starter",
        package_name="Starter",
        credits=500,
        unit_amount=499,
        currency="usd",
        valid_days=None,
        ledger_id="00000000-0000-4000-8000-000000000003",
        seal="v1.1.x",
    )
    recorded = BegunOrder(order, 1_700_000_000, "cus_1", True, "key", None, None)
    return dict(session_params(recorded, "cus_1", config, locale))


def test_pages_are_told_all_of_it() -> None:
    assert loaded(**WHOLE).shop.public() == {
        "name": "Garden Books",
        "logo_url": "/img/logo.svg",
        "color": "#0b6a47",
        "support_email": "help@example.com",
        "terms_url": "https://example.com/terms?lang=en",
        "privacy_url": "/privacy",
        "imprint_url": "https://example.com",
    }


def test_without_settings_it_is_purse_and_has_no_name_of_its_own() -> None:
    shop = loaded().shop
    assert (shop.name, shop.is_named) == ("Purse", False)


@pytest.mark.parametrize("name", ["Purse", " purse ", "Purse 💎"])
def test_the_name_of_the_software_is_no_name_of_a_shop(name: str) -> None:
    assert not loaded(SHOP_NAME=name).shop.is_named


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_NAME", "a" * 41),
        ("SHOP_NAME", "Garden\nBooks"),
        ("SHOP_LOGO_URL", "https://cdn.example.com/logo.svg"),
        ("SHOP_LOGO_URL", "//cdn.example.com/logo.svg"),
        ("SHOP_LOGO_URL", "mark.svg"),
        ("SHOP_COLOR", "green"),
        ("SHOP_COLOR", "#0b6"),
        ("SHOP_COLOR", "#ffd34d"),
        ("SHOP_SUPPORT_EMAIL", "nobody"),
        ("SHOP_SUPPORT_EMAIL", 'a@example.com"onclick'),
        ("SHOP_TERMS_URL", "http://example.com/terms"),
        ("SHOP_TERMS_URL", "javascript:alert(1)"),
        ("SHOP_PRIVACY_URL", "//other.example"),
        ("SHOP_IMPRINT_URL", "https://user@example.com/"),
        ("SHOP_IMPRINT_URL", 'https://example.com/"x'),
        ("CHECKOUT_TERMS_CONSENT", "perhaps"),
    ],
)
def test_what_a_page_could_not_show_is_named(name: str, value: str) -> None:
    with pytest.raises(NotConfiguredError) as refused:
        loaded(**{name: value})
    (problem,) = refused.value.problems
    assert name in problem
    assert value not in problem


def test_consent_needs_terms() -> None:
    with pytest.raises(NotConfiguredError) as refused:
        loaded(CHECKOUT_TERMS_CONSENT="true")
    assert refused.value.problems == ("CHECKOUT_TERMS_CONSENT needs SHOP_TERMS_URL",)


def test_stripes_page_shows_the_name_and_asks_for_consent() -> None:
    asked = params(loaded(**WHOLE))
    assert asked["branding_settings"] == {
        "display_name": "Garden Books",
        "button_color": "#0b6a47",
    }
    assert asked["consent_collection"] == {"terms_of_service": "required"}
    assert asked["custom_text"]["after_submit"]["message"] == "Garden Books: help@example.com"


def test_stripes_page_speaks_the_pages_language_if_it_can() -> None:
    spoken = {"de": "de", "pt-BR": "pt-BR", "auto": "auto", "tlh": "auto"}
    assert {locale: params(loaded(), locale)["locale"] for locale in spoken} == spoken


def test_every_language_that_the_sdk_knows_is_passed_on() -> None:
    source = inspect.getsource(stripe.params.checkout.SessionCreateParams)
    (listed,) = re.findall(r"locale: NotRequired\[.*?'auto', (.*?)\]\|str", source, re.DOTALL)
    assert set(re.findall(r"'([\w-]+)'", listed)) == LOCALES


def test_without_an_identity_stripe_shows_the_accounts() -> None:
    asked = params(loaded())
    assert not {"branding_settings", "consent_collection", "custom_text"} & set(asked)


def test_a_live_key_sells_nothing_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CORE_SETTINGS, "STRIPE_SECRET_KEY": "sk_live_x"}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    user = User("00000000-0000-4000-8000-000000000002", "ada@example.com")
    try:
        with pytest.raises(NotConfiguredError) as refused:
            begin_checkout(user, CheckoutRequest("starter"))
    finally:
        settings.cache_clear()
    assert refused.value.problems == ("SHOP_NAME is missing: a live shop needs a name of its own",)


def test_health_is_degraded_while_a_live_shop_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    live = {"STRIPE_SECRET_KEY": "sk_live_x", "SUPABASE_URL": "http://127.0.0.1:9"}
    for name, value in {**CORE_SETTINGS, **live}.items():
        monkeypatch.setenv(name, value)
    said = []
    for shop_name in ("", "Garden Books"):
        monkeypatch.setenv("SHOP_NAME", shop_name)
        settings.cache_clear()
        said.append(client("health").get("/api/health").get_json().get("shop"))
    settings.cache_clear()
    assert said == ["SHOP_NAME is missing: a live shop needs a name of its own", None]


def test_doctor_finds_a_live_shop_without_a_name_and_says_which_links_are_missing() -> None:
    live = {"STRIPE_SECRET_KEY": "sk_live_x"}
    unnamed, note = check_shop(loaded(**live))
    assert unnamed.level == "WRONG"
    assert "SHOP_NAME" in unnamed.remedy
    assert "SHOP_TERMS_URL" in note.remedy
    found = [finding.level for finding in check_shop(loaded(**live, **WHOLE))]
    assert found == ["ok", "note"]
    assert [finding.level for finding in check_shop(loaded())] == ["note"]


def test_the_contrast_is_wcags() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54


def test_the_background_is_the_pages_own() -> None:
    light, dark = dark_and_light("--sunken")
    assert light == LIGHT_BACKGROUND
    assert len(dark) == 7


def test_every_colour_that_is_taken_can_be_read_in_the_dark() -> None:
    """In dark mode links are mixed with white; the darkest colours are the worst case."""
    share = int(re.search(r"color-mix\(in oklab, var\(--brand\) (\d+)%, white\)", TOKENS)[1])
    # Oklab's lightness of a grey is the cube root of its luminance; black is the darkest of all.
    luminance = (1 - share / 100) ** 3
    for name in ("--page", "--surface", "--sunken"):
        _, dark = dark_and_light(name)
        lightness = contrast(dark, "#000000") * 0.05 - 0.05
        assert (luminance + 0.05) / (lightness + 0.05) >= LEAST_CONTRAST


def dark_and_light(name: str) -> tuple[str, str]:
    """Return a token's colours in light and in dark mode."""
    found = re.search(
        rf"{name}: (?:var\(--purse[\w-]+, )?light-dark\((#\w{{6}}), (#\w{{6}})\)", TOKENS
    )
    assert found
    return found[1], found[2]
