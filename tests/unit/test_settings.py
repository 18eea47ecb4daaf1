"""settings.py: every problem is named at once, and no value is ever shown."""

from __future__ import annotations

import base64
import json

import pytest

from api._lib.errors import NotConfiguredError
from api._lib.settings import Settings, load
from tests.shop import WITHDRAWING
from tests.unit.functions import CORE_SETTINGS

WHOLE = CORE_SETTINGS
NOBODY_IS_TOLD = (
    "WITHDRAWAL_DAYS needs MAIL_OWNER with SMTP_HOST, or EVENTS_URL, so that the shop is told of"
    " withdrawals"
)


def problems(**changes: str | None) -> tuple[str, ...]:
    environ = {name: value for name, value in {**WHOLE, **changes}.items() if value is not None}
    with pytest.raises(NotConfiguredError) as refused:
        load(environ)
    return refused.value.problems


def test_a_whole_environment_is_read() -> None:
    settings = load(WHOLE)
    assert settings.site_url == "https://shop.example.com"
    assert settings.stripe_webhook_secrets == ("whsec_a", "whsec_b")
    assert (settings.payments_enabled, settings.promotion_codes) == (True, False)
    assert settings.orders_per_minute == 10
    assert settings.declines_per_hour == 10


def test_allowed_origins_are_a_list_and_none_by_default() -> None:
    assert load(WHOLE).allowed_origins == ()
    given = "https://app.example.com, http://localhost:5173,"
    settings = load({**WHOLE, "ALLOWED_ORIGINS": given})
    assert settings.allowed_origins == ("https://app.example.com", "http://localhost:5173")


def test_each_malformed_origin_is_named_by_its_place_and_not_by_its_value() -> None:
    given = (
        "https://app.example.com,https://*.example.com,https://user@a.example,https://b.example/"
    )
    assert problems(ALLOWED_ORIGINS=given) == (
        "ALLOWED_ORIGINS: origin 2 must not have a wildcard: name each origin",
        "ALLOWED_ORIGINS: origin 3 must not have a user name or password",
        "ALLOWED_ORIGINS: origin 4 must not end with a slash",
    )


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(NotConfiguredError) as refused:
        load({})
    text = " ".join(refused.value.problems)
    for name in WHOLE:
        assert name in text


def test_names_of_supabases_vercel_integration_serve_too() -> None:
    environ = {
        name: value
        for name, value in WHOLE.items()
        if name not in ("SUPABASE_SECRET_KEY", "SUPABASE_PUBLISHABLE_KEY", "SITE_URL")
    }
    settings = load(
        {
            **environ,
            "SUPABASE_SERVICE_ROLE_KEY": "service",
            "SUPABASE_ANON_KEY": "anon",
            "VERCEL_PROJECT_PRODUCTION_URL": "shop.example.com",
        }
    )
    assert settings.supabase_secret_key == "service"
    assert settings.supabase_publishable_key == "anon"
    assert settings.site_url == "https://shop.example.com"


def test_without_payments_stripe_needs_no_keys() -> None:
    environ = {name: value for name, value in WHOLE.items() if not name.startswith("STRIPE")}
    settings = load({**environ, "PAYMENTS_ENABLED": "false"})
    assert settings.payments_enabled is False
    assert settings.stripe_webhook_secrets == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "http://shop.example.com"),
        ("SITE_URL", "shop.example.com"),
        ("SITE_URL", "https://shop.example.com/store"),
        ("SITE_URL", "https://shop.example.com:port"),
        ("SUPABASE_URL", "ftp://abc.supabase.co"),
        ("SUPABASE_SECRET_KEY", "sb_publishable_x"),
        ("SUPABASE_PUBLISHABLE_KEY", "sb_secret_x"),
        ("STRIPE_SECRET_KEY", "pk_test_x"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_a,oops"),
        ("STRIPE_WEBHOOK_SECRET", " , "),
        ("PAYMENTS_ENABLED", "maybe"),
        ("ORDERS_PER_MINUTE", "0"),
        ("ORDERS_PER_MINUTE", "9" * 5000),
        ("ORDERS_PER_MINUTE", "ten"),
        ("CAPTCHA_PROVIDER", "recaptcha"),
        ("PASSWORD_MIN_LENGTH", "5"),
        ("PASSWORD_MIN_LENGTH", "73"),
    ],
)
def test_a_wrong_value_is_named_but_not_told(name: str, value: str) -> None:
    found = problems(**{name: value})
    assert len(found) == 1
    assert name in found[0]
    assert value.strip() not in found[0] or len(value.strip()) < 5


def test_a_service_role_token_never_reaches_browsers() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"role": "service_role"}).encode()).decode()
    found = problems(SUPABASE_PUBLISHABLE_KEY=f"eyJ.{claims.rstrip('=')}.sig")
    assert found == ("SUPABASE_PUBLISHABLE_KEY holds the secret key",)


def test_a_legacy_anon_token_is_no_secret_key() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"role": "anon"}).encode()).decode()
    found = problems(SUPABASE_SECRET_KEY=f"eyJ.{claims.rstrip('=')}.sig")
    assert found == ("SUPABASE_SECRET_KEY holds the publishable key",)


def test_a_webhook_needs_the_key_that_says_live_or_test() -> None:
    assert problems(PAYMENTS_ENABLED="false", STRIPE_SECRET_KEY=None) == (
        "STRIPE_SECRET_KEY is missing",
    )


def test_a_live_key_is_never_sent_to_a_stand_in() -> None:
    found = problems(STRIPE_SECRET_KEY="sk_live_x", STRIPE_API_BASE="http://127.0.0.1:3002")
    assert "STRIPE_API_BASE" in found[0]


def test_livemode_is_read_off_the_key() -> None:
    assert load({**WHOLE, "STRIPE_SECRET_KEY": "rk_live_x"}).livemode is True
    assert load(WHOLE).livemode is False


def test_the_forms_are_told_of_a_captcha_only_where_there_is_a_site_key() -> None:
    assert load(WHOLE).sign_in.public() == {"captcha": None, "password_min_length": 6}
    captcha = {"CAPTCHA_SITE_KEY": "key", "CAPTCHA_PROVIDER": "turnstile"}
    assert load({**WHOLE, **captcha, "PASSWORD_MIN_LENGTH": "8"}).sign_in.public() == {
        "captcha": {"provider": "turnstile", "site_key": "key"},
        "password_min_length": 8,
    }
    by_default = load({**WHOLE, "CAPTCHA_SITE_KEY": "key"}).sign_in
    assert by_default.captcha_provider == "hcaptcha"


def test_settings_are_never_printed() -> None:
    settings: Settings = load(WHOLE)
    assert "sk_test_x" not in repr(settings)


@pytest.mark.parametrize("secret", ["x", "a" * 15])
def test_a_cron_secret_that_could_be_guessed_is_refused(secret: str) -> None:
    assert any("CRON_SECRET" in problem for problem in problems(CRON_SECRET=secret))


def test_without_a_cron_secret_there_is_none() -> None:
    assert load(WHOLE).cron_secret is None
    assert load({**WHOLE, "CRON_SECRET": "a" * 16}).cron_secret == "a" * 16


def test_without_a_storage_there_are_no_file_settings() -> None:
    assert load(WHOLE).files is None


def test_buyers_refund_and_withdraw_only_where_the_shop_says_so() -> None:
    refunds = load(WHOLE).refunds
    assert (refunds.self_refund_days, refunds.withdrawal_days, refunds.waiver) == (0, 0, None)
    given = {
        **WITHDRAWING,
        "SELF_REFUND_DAYS": "7",
        "WITHDRAWAL_WAIVER_TEXT": " I agree. ",
    }
    refunds = load({**WHOLE, **given}).refunds
    assert (refunds.self_refund_days, refunds.withdrawal_days) == (7, 14)
    assert refunds.waiver == "I agree."


def test_invoices_are_made_only_where_the_shop_says_so() -> None:
    assert not load(WHOLE).invoicing.invoices
    assert load({**WHOLE, "INVOICES": "on"}).invoicing.invoices
    assert problems(INVOICES="yes") == ("INVOICES must be off or on",)


def test_tax_is_computed_only_where_the_shop_says_how_its_prices_are_meant() -> None:
    assert load(WHOLE).invoicing.tax_behavior is None
    assert load({**WHOLE, "TAX": "off"}).invoicing.tax_behavior is None
    for behavior in ("inclusive", "exclusive"):
        taxing = load({**WHOLE, "TAX": "automatic", "TAX_BEHAVIOR": behavior})
        assert taxing.invoicing.tax_behavior == behavior


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"TAX": "on"}, "TAX must be off or automatic"),
        ({"TAX": "automatic"}, "TAX=automatic needs TAX_BEHAVIOR=inclusive or exclusive"),
        ({"TAX_BEHAVIOR": "exclusive"}, "TAX_BEHAVIOR needs TAX=automatic"),
        ({"TAX": "off", "TAX_BEHAVIOR": "inclusive"}, "TAX_BEHAVIOR needs TAX=automatic"),
        (
            {"TAX": "automatic", "TAX_BEHAVIOR": "unspecified"},
            "TAX_BEHAVIOR must be inclusive or exclusive",
        ),
    ],
)
def test_what_is_wrong_with_tax_is_named(changes: dict[str, str | None], problem: str) -> None:
    assert problems(**changes) == (problem,)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SELF_REFUND_DAYS": "366"}, "SELF_REFUND_DAYS must be a whole number from 0 to 365"),
        ({"WITHDRAWAL_DAYS": "two"}, "WITHDRAWAL_DAYS must be a whole number from 0 to 365"),
        ({"WITHDRAWAL_WAIVER_TEXT": "I agree."}, "WITHDRAWAL_WAIVER_TEXT needs WITHDRAWAL_DAYS"),
        ({"WITHDRAWAL_DAYS": "14"}, NOBODY_IS_TOLD),
        ({**WITHDRAWING, "MAIL_OWNER": None}, NOBODY_IS_TOLD),
        (
            {**WITHDRAWING, "WITHDRAWAL_WAIVER_TEXT": "a\nb"},
            "WITHDRAWAL_WAIVER_TEXT must be one line of at most 1000 characters",
        ),
    ],
)
def test_what_is_wrong_with_refunds_is_named(changes: dict[str, str | None], problem: str) -> None:
    assert problems(**changes) == (problem,)


def test_an_endpoint_of_the_app_may_tell_the_shop_of_withdrawals() -> None:
    endpoint = {"EVENTS_URL": "https://app.example.com/e", "EVENTS_SECRET": f"whsec_{'A' * 43}="}
    assert load({**WHOLE, **endpoint, "WITHDRAWAL_DAYS": "14"}).refunds.withdrawal_days == 14
