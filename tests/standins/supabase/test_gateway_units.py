"""Units of the gateway that need no server: settings, signing key, passwords."""

from __future__ import annotations

import hashlib
import stat
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from local.supabase import create_app
from local.supabase.auth import passwords
from local.supabase.keys import FILE_NAME, load_or_create

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = {
    "SUPABASE_URL": "http://127.0.0.1:3001",
    "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_x",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
    "PURSE_LOCAL_REST_DATABASE_URL": "postgresql://authenticator@127.0.0.1/postgres",
    "PURSE_LOCAL_AUTH_DATABASE_URL": "postgresql://supabase_auth_admin@127.0.0.1/postgres",
}


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(SystemExit) as refused:
        create_app({"SUPABASE_SECRET_KEY": "service", "PURSE_LOCAL_JWT_EXPIRY_SECONDS": "soon"})
    message = str(refused.value)
    for name in (*SETTINGS, "PURSE_LOCAL_STATE", "PURSE_LOCAL_JWT_EXPIRY_SECONDS"):
        assert name in message


def test_it_starts_while_the_database_is_away(tmp_path: Path) -> None:
    app = create_app({**SETTINGS, "PURSE_LOCAL_STATE": str(tmp_path)})
    assert app.test_client().get("/auth/v1/.well-known/jwks.json").status_code == 200


def test_the_signing_key_stays_the_same_over_restarts(tmp_path: Path) -> None:
    first = load_or_create(tmp_path / "state")
    again = load_or_create(tmp_path / "state")
    assert first.jwks() == again.jwks()
    assert load_or_create(tmp_path / "elsewhere").kid != first.kid


def test_only_the_owner_may_read_the_signing_key(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_damaged_signing_key_is_never_replaced_silently(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(SystemExit, match="holds no ES256 key"):
        load_or_create(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_password_matches_its_own_hash_alone() -> None:
    encrypted = passwords.encrypt("correct horse")
    assert passwords.matches("correct horse", encrypted)
    assert not passwords.matches("correct horse ", encrypted)
    assert not passwords.matches("", "")


def test_a_hash_of_an_earlier_version_still_matches() -> None:
    salt = b"0123456789abcdef"
    derived = hashlib.scrypt(b"correct horse", salt=salt, n=2**14, r=8, p=1)
    earlier = f"scrypt${b64encode(salt).decode()}${b64encode(derived).decode()}"
    assert passwords.matches("correct horse", earlier)
    assert not passwords.matches("correct horse ", earlier)
