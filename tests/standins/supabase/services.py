"""Start and stop the services that the gateway's tests need."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import psycopg
from psycopg import sql

from local.postgres import Postgres
from local.supabase.keys import SigningKey, load_or_create

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PUBLISHABLE_KEY = "sb_publishable_0123456789"
SECRET_KEY = "sb_secret_0123456789"
PASSWORD = "only-for-this-run"
STOP_SECONDS = 10


@dataclass(frozen=True)
class Gateway:
    """A running gateway and its signing key."""

    url: str
    key: SigningKey
    http: httpx.Client

    def token(self, **claims: Any) -> str:
        """Return a token signed with the gateway's key."""
        return jwt.encode(claims, self.key.private, "ES256", headers={"kid": self.key.kid})


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a Postgres with Supabase's roles, in a folder that its system account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="purse-gateway-"))
    folder.chmod(0o755)
    postgres = Postgres(folder / "postgres", free_port(), secrets.token_urlsafe())
    try:
        postgres.start()
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute((ROOT / "ops/bare_postgres.sql").read_bytes())
            for role in ("postgres", "authenticator", "supabase_auth_admin"):
                connection.execute(
                    sql.SQL("alter role {} password {}").format(sql.Identifier(role), PASSWORD)
                )
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_gateway(database: Postgres, **environment: str) -> Iterator[Gateway]:
    """Run the gateway under gunicorn, on a socket that already listens, so requests can wait."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        # gunicorn sets this on its own sockets. Without it an answer is delayed by 40 ms.
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "local.supabase:create_app()"),
                *("--bind", f"fd://{server.fileno()}"),
                *("--worker-class", "gthread", "--threads", "32"),
                *("--keep-alive", "60", "--log-level", "warning", "--no-control-socket"),
            ],
            cwd=ROOT,
            pass_fds=[server.fileno()],
            env={
                "PATH": os.environ["PATH"],
                "PURSE_LOCAL_STATE": folder,
                "SUPABASE_URL": url,
                "SUPABASE_PUBLISHABLE_KEY": PUBLISHABLE_KEY,
                "SUPABASE_SECRET_KEY": SECRET_KEY,
                "PURSE_LOCAL_REST_DATABASE_URL": database.url("authenticator", PASSWORD),
                "PURSE_LOCAL_AUTH_DATABASE_URL": database.url("supabase_auth_admin", PASSWORD),
                "GOTRUE_MAILER_AUTOCONFIRM": "true",
                **environment,
            },
        )
        try:
            with httpx.Client(base_url=url, timeout=30) as http:
                http.get("/health").raise_for_status()
                yield Gateway(url, load_or_create(Path(folder)), http)
        finally:
            stop(process)


@contextmanager
def running_postgrest(binary: Path, database: Postgres, key: SigningKey) -> Iterator[httpx.Client]:
    """Run the real PostgREST, which trusts the same key."""
    port = free_port()
    settings = {
        "PGRST_DB_URI": database.url("authenticator", PASSWORD),
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_EXTRA_SEARCH_PATH": "public, extensions",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_CHANNEL_ENABLED": "false",
        "PGRST_JWT_SECRET": json.dumps(key.jwks()),
        "PGRST_LOG_LEVEL": "crit",
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
    }
    with subprocess.Popen(
        [binary], env=settings, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            log = []
            for line in process.stderr or ():
                log.append(line)
                if "Schema cache loaded" in line:
                    break
            else:
                raise RuntimeError("PostgREST did not start: " + "".join(log))
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                yield http
        finally:
            stop(process)


def stop(process: subprocess.Popen[Any]) -> None:
    """Stop a process; kill it after STOP_SECONDS."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)


def free_port() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
