"""What the Content-Security-Policy of the pages allows, by the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from server.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable

HCAPTCHA = "https://hcaptcha.com https://*.hcaptcha.com"
TURNSTILE = "https://challenges.cloudflare.com"


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return the policy of the start page under these settings."""

    def read(**settings: str) -> str:
        for name in ("CAPTCHA_SITE_KEY", "CAPTCHA_PROVIDER", "SUPABASE_URL", "STORAGE_S3_ENDPOINT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        answer = Client(create_app()).get("/")
        answer.close()
        return answer.headers["Content-Security-Policy"]

    return read


def directive(policy: str, name: str) -> str:
    return dict(part.split(" ", 1) for part in policy.split("; "))[name]


def test_without_a_site_key_no_provider_is_allowed(policy: Callable[..., str]) -> None:
    for settings in ({}, {"CAPTCHA_PROVIDER": "turnstile"}, {"CAPTCHA_SITE_KEY": " "}):
        said = policy(**settings)
        assert "captcha" not in said
        assert "cloudflare" not in said
        assert "frame-src" not in said


@pytest.mark.parametrize(
    ("provider", "allowed"), [("hcaptcha", HCAPTCHA), ("turnstile", TURNSTILE), ("", HCAPTCHA)]
)
def test_with_a_site_key_its_provider_alone_is_allowed(
    policy: Callable[..., str], provider: str, allowed: str
) -> None:
    said = policy(CAPTCHA_SITE_KEY="key", CAPTCHA_PROVIDER=provider)
    assert directive(said, "style-src") == f"'self' {allowed}"
    assert directive(said, "frame-src") == allowed
    assert directive(said, "script-src") == f"{directive(policy(), 'script-src')} {allowed}"
    assert allowed in directive(said, "connect-src")
    assert (TURNSTILE if allowed == HCAPTCHA else "hcaptcha") not in said


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, "https://*.supabase.co"),
        ({"SUPABASE_URL": "https://auth.example.com"}, "https://auth.example.com"),
        (
            {"SUPABASE_URL": "https://abc.supabase.co"},
            "https://abc.supabase.co https://abc.storage.supabase.co",
        ),
        (
            {
                "SUPABASE_URL": "https://abc.supabase.co/",
                "STORAGE_S3_ENDPOINT": "https://files.example.com:444/storage/v1/s3",
            },
            "https://abc.supabase.co https://files.example.com:444",
        ),
        # As `new URL(address).origin` has it, so that both ways to deploy say the same.
        ({"SUPABASE_URL": "https://name:secret@auth.example.com"}, "https://auth.example.com"),
        (
            {"SUPABASE_URL": "HTTPS://ABC.Supabase.co:443"},
            "https://abc.supabase.co https://abc.storage.supabase.co",
        ),
        ({"SUPABASE_URL": "https://auth.example.com;script-src *"}, "https://*.supabase.co"),
        ({"SUPABASE_URL": "https://auth.example.com *"}, "https://*.supabase.co"),
        ({"SUPABASE_URL": "https://*"}, "https://*.supabase.co"),
        ({"SUPABASE_URL": "auth.example.com:443"}, "https://*.supabase.co"),
        ({"SUPABASE_URL": "https://auth.example.com:x"}, "https://*.supabase.co"),
        ({"SUPABASE_URL": "data:,"}, "https://*.supabase.co"),
    ],
)
def test_pages_connect_to_the_configured_project_alone(
    policy: Callable[..., str], settings: dict[str, str], allowed: str
) -> None:
    assert directive(policy(**settings), "connect-src") == f"'self' {allowed}"


def test_pages_take_no_string_for_a_script_unless_a_captcha_needs_it(
    policy: Callable[..., str],
) -> None:
    assert directive(policy(), "require-trusted-types-for") == "'script'"
    assert directive(policy(), "trusted-types") == "'none'"
    assert "trusted-types" not in policy(CAPTCHA_SITE_KEY="key")
    for settings in ({}, {"CAPTCHA_SITE_KEY": "key"}):
        assert "unsafe-" not in policy(**settings)
