"""Starts and stops the parts of the local stack, and remembers what they are told.

Postgres, the Supabase gateway, the Stripe stand-in, the storage and the site, each a process of its
own. A part gives way to the real thing where its variables are set: SUPABASE_URL,
STRIPE_SECRET_KEY, STORAGE_S3_ACCESS_KEY_ID.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
from psycopg import sql

from local import ports
from local.errors import StackError
from local.keys import load_keys
from local.postgres import Postgres
from local.services import Launcher, Part, stop_leftovers
from ops.migrate import SUPABASE_SQL, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parent.parent
DEMO_EMAIL = "demo@example.com"
# Where Supabase has it, too.
STORAGE_PATH = "/storage/v1/s3"
# The defaults of api/_lib/files/settings.py, which a fork may delete.
DEFAULT_BUCKET = "purse-files"
DEFAULT_MAX_FILE_MB = 50


@dataclass(frozen=True)
class Stack:
    """A running stack, as .local/stack.json describes it. What is real and not ours is empty."""

    site_url: str
    supabase_url: str
    publishable_key: str
    secret_key: str
    database_url: str
    stripe_api_base: str
    stripe_secret_key: str
    stripe_webhook_secret: str
    storage_s3_endpoint: str
    storage_s3_region: str
    storage_s3_access_key_id: str
    storage_s3_secret_access_key: str
    storage_bucket: str
    cron_secret: str
    demo_email: str
    demo_password: str


@dataclass(frozen=True)
class Running:
    """A running stack with its processes, for who wants to kill some. What is real is not here."""

    stack: Stack
    database: Postgres | None
    parts: Mapping[str, Part]


@contextmanager
def running_stack(
    state: Path,
    *,
    environ: Mapping[str, str] | None = None,
    report: Callable[[str], None] = print,
) -> Iterator[Stack]:
    """Run the stack as running_parts() does; only where it is, for who just uses it."""
    with running_parts(state, environ=environ, report=report) as running:
        yield running.stack


@contextmanager
def running_parts(
    state: Path,
    *,
    environ: Mapping[str, str] | None = None,
    report: Callable[[str], None] = print,
) -> Iterator[Running]:
    """Run the stack with its state in a folder until the block ends.

    Args:
        state: The folder: cluster, keys, logs, stack.json.
        environ: Settings that reach the functions, and PORT; the process's own by default.
        report: Takes a line of progress.

    Raises:
        StackError: It cannot run; the sentence says what to do.
    """
    environ = dict(os.environ if environ is None else environ)
    if "_live_" in environ.get("STRIPE_SECRET_KEY", ""):
        raise StackError("STRIPE_SECRET_KEY is a live key: make run is for test keys only.")
    _make_folder(state)
    stop_leftovers(state)
    with ExitStack() as running:
        launcher = Launcher(state, running)
        port = running.enter_context(
            ports.reserved(environ.get("PORT"), remembered=_remembered_port(state))
        )
        keys = load_keys(state)
        stack = _describe(environ, keys, port)
        own_supabase = not environ.get("SUPABASE_URL")
        own_stripe = not environ.get("STRIPE_SECRET_KEY")
        own_storage = not environ.get("STORAGE_S3_ACCESS_KEY_ID")
        database: Postgres | None = None
        parts: list[Part] = []
        if own_supabase:
            report("starting Postgres")
            database = Postgres(state / "postgres", port + 3, keys["superuser_password"])
            database.start()
            running.callback(database.stop)
            launcher.remember(database.pid)
            report("applying sql/")
            _provide_supabase(database, keys)
            migrate(stack.database_url, report=lambda line: report(f"  {line}"))
            parts.append(
                launcher.start("supabase", port + 1, _gateway_env(database, keys, stack, state))
            )
        if own_stripe:
            parts.append(launcher.start("stripe", port + 2, _stripe_env(stack, state)))
        if own_storage:
            max_file_mb = environ.get("STORAGE_MAX_FILE_MB") or str(DEFAULT_MAX_FILE_MB)
            parts.append(
                launcher.start("storage", port + 4, _storage_env(stack, state, max_file_mb))
            )
        parts.append(
            launcher.start("site", port, {**environ, **_bare_env(), **functions_settings(stack)})
        )
        report("starting " + ", ".join(part.name for part in parts))
        for part in parts:
            part.wait_until_ready()
        if own_supabase:
            _sign_up_demo_user(stack)
        (state / "stack.json").write_text(json.dumps(asdict(stack), indent=2) + "\n", "utf-8")
        yield Running(stack, database, {part.name: part for part in parts})


def reset(state: Path) -> None:
    """Forget everything: balances, users, keys. What a crash left running is stopped first."""
    if state.exists():
        stop_leftovers(state)
        shutil.rmtree(state)


def _describe(environ: Mapping[str, str], keys: Mapping[str, str], port: int) -> Stack:
    def real(*names: str) -> str:
        return next((environ[name] for name in names if environ.get(name)), "")

    origin = "http://127.0.0.1"
    owner = f"postgresql://postgres:{keys['postgres_password']}@127.0.0.1:{port + 3}/postgres"
    supabase = {
        "supabase_url": f"{origin}:{port + 1}",
        "publishable_key": keys["publishable_key"],
        "secret_key": keys["secret_key"],
        "database_url": owner,
        "demo_email": DEMO_EMAIL,
        "demo_password": keys["demo_password"],
    }
    if environ.get("SUPABASE_URL"):
        supabase = {
            "supabase_url": real("SUPABASE_URL"),
            "publishable_key": real("SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"),
            "secret_key": real("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"),
            "database_url": real("DATABASE_URL"),
            "demo_email": "",
            "demo_password": "",
        }
    stripe = {
        "stripe_api_base": f"{origin}:{port + 2}",
        "stripe_secret_key": keys["stripe_secret_key"],
        "stripe_webhook_secret": keys["stripe_webhook_secret"],
    }
    if environ.get("STRIPE_SECRET_KEY"):
        stripe = {
            "stripe_api_base": real("STRIPE_API_BASE"),
            "stripe_secret_key": real("STRIPE_SECRET_KEY"),
            "stripe_webhook_secret": real("STRIPE_WEBHOOK_SECRET"),
        }
    storage = {
        "storage_s3_endpoint": f"{origin}:{port + 4}{STORAGE_PATH}",
        "storage_s3_region": "us-east-1",
        # Everybody sees it in the addresses they are given.
        "storage_s3_access_key_id": "purse-local-storage",
        "storage_s3_secret_access_key": keys["storage_secret_access_key"],
        "storage_bucket": real("STORAGE_BUCKET") or DEFAULT_BUCKET,
    }
    if environ.get("STORAGE_S3_ACCESS_KEY_ID"):
        storage = {
            name: real(name.upper())
            for name in (
                *("storage_s3_endpoint", "storage_s3_region", "storage_s3_access_key_id"),
                *("storage_s3_secret_access_key", "storage_bucket"),
            )
        }
    return Stack(
        site_url=real("SITE_URL") or f"{origin}:{port}",
        cron_secret=real("CRON_SECRET") or keys["cron_secret"],
        **supabase,
        **stripe,
        **storage,
    )


# What each part is told -------------------------------------------------------------------------


def _gateway_env(
    database: Postgres, keys: Mapping[str, str], stack: Stack, state: Path
) -> dict[str, str]:
    return {
        **_bare_env(),
        "PURSE_LOCAL_STATE": str(state),
        "PURSE_LOCAL_REST_DATABASE_URL": database.url("authenticator", keys["rest_password"]),
        "PURSE_LOCAL_AUTH_DATABASE_URL": database.url("supabase_auth_admin", keys["auth_password"]),
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SITE_URL": stack.site_url,
    }


def _stripe_env(stack: Stack, state: Path) -> dict[str, str]:
    return {
        **_bare_env(),
        "PURSE_LOCAL_STATE": str(state),
        "STRIPE_API_BASE": stack.stripe_api_base,
        "STRIPE_SECRET_KEY": stack.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": stack.stripe_webhook_secret,
        "STRIPE_WEBHOOK_URL": f"{stack.site_url}/api/webhook",
    }


def _storage_env(stack: Stack, state: Path, max_file_mb: str) -> dict[str, str]:
    return {
        **_bare_env(),
        "PURSE_LOCAL_STATE": str(state),
        **_storage_settings(stack),
        "STORAGE_MAX_FILE_MB": max_file_mb,
    }


def _storage_settings(stack: Stack) -> dict[str, str]:
    return {
        "STORAGE_S3_ENDPOINT": stack.storage_s3_endpoint,
        "STORAGE_S3_REGION": stack.storage_s3_region,
        "STORAGE_S3_ACCESS_KEY_ID": stack.storage_s3_access_key_id,
        "STORAGE_S3_SECRET_ACCESS_KEY": stack.storage_s3_secret_access_key,
        "STORAGE_BUCKET": stack.storage_bucket,
    }


def functions_settings(stack: Stack) -> dict[str, str]:
    """Return the settings under which functions, and the operators' commands, use the stack."""
    settings = {
        "SITE_URL": stack.site_url,
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "STRIPE_SECRET_KEY": stack.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": stack.stripe_webhook_secret,
        "STRIPE_API_BASE": stack.stripe_api_base,
        "CRON_SECRET": stack.cron_secret,
        **_storage_settings(stack),
    }
    return {name: value for name, value in settings.items() if value}


def _bare_env() -> dict[str, str]:
    # A proxy must not come between parts on one machine: requests asks it even for 127.0.0.1.
    loopback = "127.0.0.1,localhost"
    return {
        "PATH": os.environ.get("PATH", ""),
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        "PYTHONUNBUFFERED": "1",
    }


# What is made once and remembered ---------------------------------------------------------------


def _make_folder(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
        state.chmod(0o711)  # Postgres' own account passes through; nobody lists
        (state / "stack.json").touch(mode=0o600)
    except OSError as error:
        raise StackError(f"Cannot write to {state}: {error.strerror}.") from None


def _remembered_port(state: Path) -> int | None:
    try:
        stack: dict[str, Any] = json.loads((state / "stack.json").read_text("utf-8"))
        return httpx.URL(stack["site_url"]).port
    except (OSError, ValueError, KeyError):
        return None


def _provide_supabase(database: Postgres, keys: Mapping[str, str]) -> None:
    """Give the cluster a Supabase project's roles, with our passwords."""
    with psycopg.connect(database.url(), autocommit=True) as connection:
        with connection.transaction():
            connection.execute(SUPABASE_SQL.read_bytes())
        for role, password in (
            ("postgres", keys["postgres_password"]),
            ("authenticator", keys["rest_password"]),
            ("supabase_auth_admin", keys["auth_password"]),
        ):
            connection.execute(
                sql.SQL("alter role {} password {}").format(
                    sql.Identifier(role), sql.Literal(password)
                )
            )


def _sign_up_demo_user(stack: Stack) -> None:
    response = httpx.post(
        f"{stack.supabase_url}/auth/v1/signup",
        headers={"apikey": stack.publishable_key},
        json={"email": stack.demo_email, "password": stack.demo_password},
        trust_env=False,
    )
    known = response.is_client_error and response.json().get("error_code") == "user_already_exists"
    if not (response.is_success or known):
        raise StackError(
            f"The demo user could not be made: the gateway said {response.status_code}."
        )
