"""Starts and stops the local stack: Postgres, Supabase, Stripe, storage, mailbox and site.

Each service is a process of its own. A real service is used instead where its variable is set:
SUPABASE_URL, STRIPE_SECRET_KEY or STORAGE_S3_ACCESS_KEY_ID.
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

from local import environment, ports
from local.demo import history
from local.errors import StackError
from local.keys import load_keys
from local.postgres import Postgres
from local.services import Launcher, Service, stop_leftovers
from ops.migrate import BARE_POSTGRES_SQL, MigrationError, migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from local.environment import Stack

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Running:
    """A running stack with its processes, for tests that kill some of them.

    Attributes:
        stack: Addresses and keys.
        database: Our Postgres; None if Supabase is the real one.
        services: Our services by name: supabase, stripe, storage, mail, site. Real ones are
            missing.
    """

    stack: Stack
    database: Postgres | None
    services: Mapping[str, Service]


@contextmanager
def running_stack(
    state: Path,
    *,
    environ: Mapping[str, str] | None = None,
    report: Callable[[str], None] = print,
    with_history: bool = False,
    tells: bool = False,
) -> Iterator[Stack]:
    """Run the stack like running_services(), and yield only its addresses and keys."""
    with running_services(
        state, environ=environ, report=report, with_history=with_history, tells=tells
    ) as running:
        yield running.stack


@contextmanager
def running_services(
    state: Path,
    *,
    environ: Mapping[str, str] | None = None,
    report: Callable[[str], None] = print,
    with_history: bool = False,
    tells: bool = False,
) -> Iterator[Running]:
    """Run the stack until the block ends.

    Args:
        state: The folder for data, keys, logs and stack.json.
        environ: Settings for the functions, and PORT; the process's own environment by default.
        report: Receives progress, a line at a time.
        with_history: Give the demo user weeks of purchases and use when they sign up, which is
            at the first start. Only if Supabase and Stripe are both ours.
        tells: Start a receiver of events, and let the site send it events, and mails to the
            mailbox.

    Raises:
        StackError: The stack cannot run; the message says what to do.
    """
    environ = dict(os.environ if environ is None else environ)
    if "_live_" in environ.get("STRIPE_SECRET_KEY", ""):
        raise StackError("STRIPE_SECRET_KEY is a live key. make run accepts test keys only.")
    _make_folder(state)
    stop_leftovers(state)
    with ExitStack() as running:
        launcher = Launcher(state, running)
        port = running.enter_context(
            ports.reserved(environ.get("PORT"), remembered=_remembered_port(state))
        )
        keys = load_keys(state)
        stack = environment.describe(environ, keys, port)
        own_supabase = not environ.get("SUPABASE_URL")
        database: Postgres | None = None
        services: list[Service] = []
        if own_supabase:
            report("starting Postgres")
            database = Postgres(state / "postgres", port + 3, keys["superuser_password"])
            database.start()
            running.callback(database.stop)
            launcher.remember(database.pid)
            report("applying sql/")
            _prepare_database(database, keys, stack, report)
            env = environment.gateway_env(environ, database, keys, stack, state)
            services.append(launcher.start("supabase", port + 1, env))
        if not environ.get("STRIPE_SECRET_KEY"):
            env = environment.stripe_env(environ, stack, state)
            services.append(launcher.start("stripe", port + 2, env))
        if not environ.get("STORAGE_S3_ACCESS_KEY_ID"):
            env = environment.storage_env(environ, stack, state)
            services.append(launcher.start("storage", port + 4, env))
        env = environment.mail_env(environ, stack, state)
        services.append(launcher.start("mail", port + 5, env))
        if tells:
            services.append(launcher.start("receiver", port + 7, environment.receiver_env(stack)))
        env = environment.site_env(environ, stack, tells=tells)
        services.append(launcher.start("site", port, env))
        report("starting " + ", ".join(service.name for service in services))
        for service in services:
            service.wait_until_ready()
        if database is not None:
            session = _sign_up(stack, stack.demo_email, stack.demo_password)
            _sign_up(stack, stack.admin_email, stack.admin_password)
            _appoint_admin(database, stack)
            if with_history and session and not environ.get("STRIPE_SECRET_KEY"):
                _tell_history(stack, session, database, report)
        _write_stack_file(state, stack)
        yield Running(stack, database, {service.name: service for service in services})


def reset(state: Path) -> None:
    """Delete balances, users and keys, after stopping what a crash left running."""
    if state.exists():
        stop_leftovers(state)
        shutil.rmtree(state)


def _make_folder(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
        state.chmod(0o711)  # Postgres's account may enter the folder, and not list it
        _unfinished(state).touch(mode=0o600)
    except OSError as error:
        raise StackError(f"Cannot write to {state}: {error.strerror}.") from None


def _write_stack_file(state: Path, stack: Stack) -> None:
    """Write stack.json whole: a program that waits for the file never reads a part of it."""
    unfinished = _unfinished(state)
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(asdict(stack), indent=2) + "\n", "utf-8")
    unfinished.replace(state / "stack.json")


def _unfinished(state: Path) -> Path:
    return state / "stack.json.new"


def _remembered_port(state: Path) -> int | None:
    try:
        stack: dict[str, Any] = json.loads((state / "stack.json").read_text("utf-8"))
        return httpx.URL(stack["site_url"]).port
    except (OSError, ValueError, KeyError):
        return None


def _prepare_database(
    database: Postgres, keys: Mapping[str, str], stack: Stack, report: Callable[[str], None]
) -> None:
    """Make the roles of a Supabase project, set their passwords, and apply sql/."""
    with psycopg.connect(database.url(), autocommit=True) as connection:
        with connection.transaction():
            connection.execute(BARE_POSTGRES_SQL.read_bytes())
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
    try:
        migrate(stack.database_url, report=lambda line: report(f"  {line}"))
    except MigrationError as error:
        raise StackError(str(error)) from None


def _tell_history(
    stack: Stack, session: dict[str, Any], database: Postgres, report: Callable[[str], None]
) -> None:
    """Give the demo user a history. Settings may forbid one; the stack runs without it."""
    report("giving the demo user six weeks of history (EMPTY=1 starts without)")
    try:
        history.tell(stack, session, database.url())
    except (httpx.HTTPError, psycopg.Error) as error:
        cause = str(error).partition("\n")[0]
        report(f"  the history ends early: {cause}")


def _sign_up(stack: Stack, email: str, password: str) -> dict[str, Any] | None:
    """Make sure that a user of the demo exists; return the session of one who is new."""
    response = httpx.post(
        f"{stack.supabase_url}/auth/v1/signup",
        headers={"apikey": stack.publishable_key},
        json={"email": email, "password": password},
        trust_env=False,
    )
    known = response.is_client_error and response.json().get("error_code") == "user_already_exists"
    if not (response.is_success or known):
        raise StackError(
            f"{email} could not be signed up: the gateway answered {response.status_code}."
        )
    session: dict[str, Any] | None = None if known else response.json()
    return session


def _appoint_admin(database: Postgres, stack: Stack) -> None:
    """Give the demo's admin the role at the desk, as `make admin` does."""
    with psycopg.connect(database.url(), autocommit=True) as connection:
        connection.execute(
            "update auth.users set raw_app_meta_data ="
            " coalesce(raw_app_meta_data, '{}') || '{\"role\": \"admin\"}' where email = %s",
            [stack.admin_email],
        )
