"""The endpoints without a token (packages, config, health), and the site around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import shop

if TYPE_CHECKING:
    from tests.support import RunningStack


def test_packages_and_features_in_display_order(stack: RunningStack) -> None:
    response = stack.get("/api/packages")
    body = response.json()
    assert [
        (pack["id"], pack["credits"], pack["unit_amount"], pack["currency"])
        for pack in body["packages"]
    ] == [
        ("starter", 500, 499, "usd"),
        ("creator", 1500, 1499, "usd"),
        ("professional", 3500, 2999, "usd"),
    ]
    assert {feature["id"]: feature["credits"] for feature in body["features"]} == {
        "audio_upload": 2,
        "txt_upload": 3,
        "docx_processing": 5,
        "premium_export": 15,
    }
    assert "public" in response.headers["cache-control"]


def test_config_tells_the_frontend_its_project_and_no_secret(stack: RunningStack) -> None:
    response = stack.get("/api/config")
    assert response.json() == {
        "supabase_url": stack.supabase_url,
        "publishable_key": stack.publishable_key,
        "payments_enabled": True,
        "files_enabled": True,
        "shop": {
            "name": "Purse",
            "logo_url": None,
            "color": None,
            "support_email": None,
            "terms_url": None,
            "privacy_url": None,
            "imprint_url": None,
        },
        "currency": None,
        "captcha": None,
        "password_min_length": 6,
        "self_refund_days": 0,
        "withdrawal": {"days": 0, "waiver": None},
        "tax": None,
    }
    assert stack.secret_key not in response.text


def test_health_reports_database_and_payments(stack: RunningStack) -> None:
    shop.begin(stack, stack.sign_up())  # the first order decides which mode the ledger is of
    response = stack.get("/api/health")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "version": "0.1.0",
        "payments_enabled": True,
        "database": "ok",
        "ledger": "test",
        "schema": "20261128000090",
        "storage": "ok",
    }


@pytest.mark.parametrize("path", ["/", "/payment/success", "/payment/cancelled"])
def test_pages_come_with_clean_urls_and_strict_headers(stack: RunningStack, path: str) -> None:
    response = stack.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    storage = stack.storage_s3_endpoint.removesuffix("/storage/v1/s3")
    assert f"connect-src 'self' {stack.supabase_url} {storage};" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "public, max-age=60"


def test_a_page_that_has_not_changed_is_not_sent_again(stack: RunningStack) -> None:
    etag = stack.get("/").headers["etag"]
    assert stack.get("/", headers={"If-None-Match": etag}).status_code == 304


def test_a_page_is_known_by_one_address(stack: RunningStack) -> None:
    response = stack.get("/payment/success.html?session_id=cs_1")
    assert response.status_code == 308
    assert response.headers["location"].endswith("/payment/success?session_id=cs_1")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/nothing",
        "/api/_lib/settings",
        "/..%2f.env",
        "/%2e%2e/api/webhook.py",
        "/a%00b",
        "/" + "a" * 3000,
    ],
)
def test_what_is_not_there_is_404(stack: RunningStack, path: str) -> None:
    assert stack.get(path).status_code == 404
