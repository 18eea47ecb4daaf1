"""files/settings.py: the storage's variables, and what is closed without them."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from api._lib.errors import NotConfiguredError
from api._lib.files.settings import StorageSettings
from api._lib.settings import load, settings
from tests.unit.functions import CORE_SETTINGS, client

if TYPE_CHECKING:
    from collections.abc import Iterator

STORAGE = {"STORAGE_S3_ACCESS_KEY_ID": "id", "STORAGE_S3_SECRET_ACCESS_KEY": "hidden"}


def storage_in(environ: dict[str, str]) -> StorageSettings:
    found = load(environ).files
    assert isinstance(found, StorageSettings)
    return found


def test_the_storage_is_the_projects_own_unless_another_is_named() -> None:
    storage = storage_in({**CORE_SETTINGS, **STORAGE})
    assert storage.endpoint == "https://abc.storage.supabase.co/storage/v1/s3"
    assert (storage.region, storage.bucket) == ("us-east-1", "purse-files")
    assert storage.max_file_bytes == 50_000_000
    another = {
        **STORAGE,
        "STORAGE_S3_ENDPOINT": "http://127.0.0.1:3004/storage/v1/s3/",
        "STORAGE_S3_REGION": "eu-central-1",
        "STORAGE_BUCKET": "files",
        "STORAGE_MAX_FILE_MB": "200",
    }
    storage = storage_in({**CORE_SETTINGS, **another})
    assert storage.endpoint == "http://127.0.0.1:3004/storage/v1/s3"
    assert (storage.region, storage.bucket) == ("eu-central-1", "files")
    assert storage.max_file_bytes == 200_000_000
    assert "hidden" not in repr(storage)


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({**STORAGE, "STORAGE_S3_SECRET_ACCESS_KEY": None}, "STORAGE_S3_SECRET_ACCESS_KEY"),
        ({**STORAGE, "STORAGE_S3_ACCESS_KEY_ID": None}, "STORAGE_S3_ACCESS_KEY_ID"),
        ({**STORAGE, "STORAGE_S3_ENDPOINT": "ftp://x"}, "STORAGE_S3_ENDPOINT"),
        ({**STORAGE, "STORAGE_S3_ENDPOINT": "http://example.com/s3"}, "STORAGE_S3_ENDPOINT"),
        ({**STORAGE, "SUPABASE_URL": "https://db.example.com"}, "STORAGE_S3_ENDPOINT"),
        ({**STORAGE, "STORAGE_BUCKET": "Not A Bucket"}, "STORAGE_BUCKET"),
        ({**STORAGE, "STORAGE_MAX_FILE_MB": "0"}, "STORAGE_MAX_FILE_MB"),
    ],
)
def test_a_storage_that_is_half_set_is_named(environ: dict[str, str | None], variable: str) -> None:
    changed = {**CORE_SETTINGS, **environ}
    with pytest.raises(NotConfiguredError) as refused:
        load({name: value for name, value in changed.items() if value is not None})
    (problem,) = refused.value.problems
    assert problem.startswith(f"{variable} ")


def test_its_problems_are_named_together_with_all_others() -> None:
    with pytest.raises(NotConfiguredError) as refused:
        load({**STORAGE, "STORAGE_BUCKET": "Not A Bucket"})
    named = " ".join(refused.value.problems)
    assert "SITE_URL" in named
    assert "STORAGE_BUCKET" in named


@pytest.fixture
def no_storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A deployment with all settings but the storage's; returns the header of a signed-in user."""
    secret = "s" * 32
    for name, value in {**CORE_SETTINGS, "SUPABASE_JWT_SECRET": secret}.items():
        monkeypatch.setenv(name, value)
    claims = {
        "iss": f"{CORE_SETTINGS['SUPABASE_URL']}/auth/v1",
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(uuid.UUID(int=2)),
        "exp": time.time() + 60,
    }
    settings.cache_clear()
    yield {"Authorization": f"Bearer {jwt.encode(claims, secret)}"}
    settings.cache_clear()


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("", None),
        ("", {"feature": "txt_upload", "filename": "a.txt", "size": 1, "content_type": ""}),
        ("?action=complete", {"file_id": str(uuid.UUID(int=1))}),
        ("?action=export", {"file_ids": [str(uuid.UUID(int=1))]}),
    ],
)
def test_without_a_storage_only_the_file_endpoints_are_closed(
    no_storage: dict[str, str], action: str, body: dict[str, Any] | None
) -> None:
    answer = client("files").open(
        f"/api/files{action}", method="POST" if body else "GET", json=body, headers=no_storage
    )
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_configured")
    assert client("config").get("/api/config").get_json()["files_enabled"] is False


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("action", ["", "?action=complete", "?action=export"])
def test_without_any_settings_they_are_closed(
    monkeypatch: pytest.MonkeyPatch, method: str, action: str
) -> None:
    for name in CORE_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    answer = client("files").open(
        f"/api/files{action}", method=method, headers={"Authorization": "Bearer x.y.z"}
    )
    if method == "GET" and action:
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    else:
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "not_configured")


@pytest.mark.parametrize("action", ["nothing", "", "Complete", "export&action=nothing"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_action_is_not_found(method: str, action: str) -> None:
    answer = client("files").open(f"/api/files?action={action}", method=method)
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")
