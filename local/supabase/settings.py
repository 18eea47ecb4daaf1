"""The gateway's settings, from environment variables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from local.supabase.auth.config import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_JWT_EXPIRY_SECONDS = 3600


@dataclass(frozen=True)
class Settings:
    """Settings of the gateway.

    Attributes:
        state: The folder of the signing key.
        public_url: The address of the gateway, without a slash at the end.
        publishable_key: The API key of the role anon.
        secret_key: The API key of the role service_role.
        rest_database_url: Connects as the role authenticator.
        auth_database_url: Connects as the role supabase_auth_admin.
        jwt_expiry_seconds: How long access tokens are valid.
        storage_url: The address of the storage stand-in; "" without one.
        auth: The settings of `/auth/v1` alone.
    """

    state: Path
    public_url: str
    publishable_key: str
    secret_key: str
    rest_database_url: str
    auth_database_url: str
    jwt_expiry_seconds: int
    storage_url: str
    auth: AuthConfig

    @property
    def issuer(self) -> str:
        """The `iss` of access tokens, as Supabase sets it."""
        return f"{self.public_url}/auth/v1"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read all settings.

        Raises:
            SystemExit: Settings are missing or malformed; the message names all of them.
        """
        problems: list[str] = []

        def required(name: str, prefix: str = "") -> str:
            value = environment.get(name, "")
            if not value:
                problems.append(f"{name} is not set")
            elif not value.startswith(prefix):
                problems.append(f"{name} must begin with {prefix}")
            return value

        expiry = environment.get("PURSE_LOCAL_JWT_EXPIRY_SECONDS", str(DEFAULT_JWT_EXPIRY_SECONDS))
        if not (expiry.isascii() and expiry.isdigit() and int(expiry) > 0):
            problems.append("PURSE_LOCAL_JWT_EXPIRY_SECONDS must be a positive number of seconds")
            expiry = str(DEFAULT_JWT_EXPIRY_SECONDS)
        settings = cls(
            state=Path(required("PURSE_LOCAL_STATE")),
            public_url=required("SUPABASE_URL", "http").rstrip("/"),
            publishable_key=required("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_"),
            secret_key=required("SUPABASE_SECRET_KEY", "sb_secret_"),
            rest_database_url=required("PURSE_LOCAL_REST_DATABASE_URL", "postgres"),
            auth_database_url=required("PURSE_LOCAL_AUTH_DATABASE_URL", "postgres"),
            jwt_expiry_seconds=int(expiry),
            storage_url=environment.get("STORAGE_S3_ENDPOINT", "").removesuffix("/s3"),
            auth=AuthConfig.from_environment(environment, problems),
        )
        if problems:
            raise SystemExit("The Supabase gateway cannot start: " + "; ".join(problems) + ".")
        return settings
