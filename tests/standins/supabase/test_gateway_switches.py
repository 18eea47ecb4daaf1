"""What a project can switch: settings, providers, sign-ups, CAPTCHA; and malformed settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from local.supabase.auth.config import AuthConfig, duration_seconds
from supabase import AuthApiError
from tests.standins.supabase.mailing import (
    KEY,
    PASSWORD,
    Mailbox,
    client_of,
    new_address,
    post,
)
from tests.standins.supabase.services import SECRET_KEY, running_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.postgres import Postgres
    from tests.standins.supabase.services import Gateway


@pytest.fixture(scope="module")
def guarded(database: Postgres, mailbox: Mailbox) -> Iterator[Gateway]:
    """A gateway that wants a CAPTCHA."""
    settings = {
        **mailbox.settings,
        "GOTRUE_SECURITY_CAPTCHA_ENABLED": "true",
        "GOTRUE_SECURITY_CAPTCHA_SECRET": "passes",
    }
    with running_gateway(database, **settings) as running:
        yield running


@pytest.mark.parametrize(
    "path",
    ["/signup", "/recover", "/otp", "/magiclink", "/resend", "/token?grant_type=password"],
)
@pytest.mark.parametrize(
    ("security", "reason"),
    [
        ({}, "no captcha_token found"),
        ({"captcha_token": " "}, "no captcha_token found"),
        ({"captcha_token": "wrong"}, "invalid-input-response"),
    ],
)
def test_a_captcha_is_wanted(
    guarded: Gateway, path: str, security: dict[str, str], reason: str
) -> None:
    body = {
        "email": new_address(),
        "password": PASSWORD,
        "type": "signup",
        "gotrue_meta_security": security,
    }
    status, error = post(guarded, path, body)
    assert (status, error["error_code"]) == (400, "captcha_failed")
    assert error["msg"] == f"captcha protection: request disallowed ({reason})"


def test_the_client_library_passes_the_captcha_on(guarded: Gateway, email: str) -> None:
    options: Any = {"captcha_token": "passes"}
    with client_of(guarded) as supabase:
        signed_up = supabase.auth.sign_up(
            {"email": email, "password": PASSWORD, "options": options}
        )
        assert signed_up.session is not None
        supabase.auth.reset_password_for_email(email, options)
        with pytest.raises(AuthApiError) as refused:
            supabase.auth.sign_in_with_password({"email": email, "password": PASSWORD})
        assert refused.value.code == "captcha_failed"
        # Going on with a session needs none.
        assert supabase.auth.refresh_session().session is not None


def test_a_server_needs_no_captcha(guarded: Gateway, email: str) -> None:
    body = {"email": email, "password": PASSWORD}
    assert post(guarded, "/signup", body, apikey=SECRET_KEY)[0] == 200


def test_a_token_that_nobody_wants_is_no_problem(mailing: Gateway, email: str) -> None:
    body = {
        "email": email,
        "password": PASSWORD,
        "gotrue_meta_security": {"captcha_token": "anything"},
    }
    assert post(mailing, "/signup", body)[0] == 200


def test_settings_tell_what_is_enabled(mailing: Gateway, confirming: Gateway) -> None:
    shown = mailing.http.get("/auth/v1/settings", headers=KEY).json()
    assert shown["mailer_autoconfirm"] is True
    assert shown["external"]["email"] is True
    assert not any(on for name, on in shown["external"].items() if name != "email")
    assert {"google", "github", "apple", "anonymous_users"} <= shown["external"].keys()
    other = confirming.http.get("/auth/v1/settings", headers=KEY).json()
    assert other["mailer_autoconfirm"] is False
    assert other["external"]["anonymous_users"] is True


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        ("google", "provider is not enabled"),
        ("GitHub", "provider is not enabled"),
        ("nonsense", "Provider nonsense could not be found"),
        ("", "Provider  could not be found"),
        ("custom:mine", "custom OAuth providers are disabled"),
    ],
)
def test_no_provider_is_enabled(mailing: Gateway, provider: str, reason: str) -> None:
    # A browser opens this address without an API key.
    response = mailing.http.get("/auth/v1/authorize", params={"provider": provider})
    assert response.status_code == 400
    assert response.json() == {
        "code": 400,
        "error_code": "validation_failed",
        "msg": f"Unsupported provider: {reason}",
    }


def test_sign_ups_can_be_switched_off(database: Postgres, email: str) -> None:
    settings = {
        "GOTRUE_DISABLE_SIGNUP": "true",
        "GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED": "true",
    }
    with running_gateway(database, **settings) as gateway:
        for path, body in (
            ("/signup", {"email": email, "password": PASSWORD}),
            ("/signup", {}),
            ("/otp", {"email": email}),
        ):
            status, error = post(gateway, path, body)
            assert (status, error["error_code"]) == (422, "signup_disabled")


def test_malformed_settings_are_named() -> None:
    problems: list[str] = []
    AuthConfig.from_environment(
        {
            "GOTRUE_MAILER_AUTOCONFIRM": "perhaps",
            "GOTRUE_MAILER_OTP_EXP": "-1",
            "GOTRUE_SMTP_MAX_FREQUENCY": "60",
        },
        problems,
    )
    assert [problem.split()[0] for problem in problems] == [
        "GOTRUE_MAILER_AUTOCONFIRM",
        "GOTRUE_MAILER_OTP_EXP",
        "GOTRUE_SMTP_MAX_FREQUENCY",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("1m30s", 90), ("1.5h", 5400), ("10ms", 0.01), ("0", 0)],
)
def test_durations_are_gos(text: str, seconds: float) -> None:
    assert duration_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "60", "s", "1d", "1h x"])
def test_a_malformed_duration_is_none(text: str) -> None:
    assert duration_seconds(text) is None
