"""What `vercel build` made. The CLI accepts nearly anything, so what counts is its output."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from server.app import function_files
from tests.vercel.build import DECOYS, ROOT, git, project_files
from tests.vercel.routes import follow

if TYPE_CHECKING:
    from pathlib import Path

    from tests.vercel.build import Output

ENDPOINTS = sorted(
    path.relative_to(ROOT / "api").with_suffix("").as_posix() for path in function_files()
)
# Vercel's Hobby plan takes no more (https://vercel.com/docs/functions/limitations).
MAX_FUNCTIONS = 12
MAX_FUNCTION_BYTES = 90_000_000
UNCHECKED_HASH = (1).to_bytes(4, "little")


def bytecode_of(source: str) -> str:
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-313.pyc".lstrip("/")


def test_every_file_of_api_became_a_function_and_nothing_else_did(output: Output) -> None:
    assert list(output.functions) == [f"api/{name}" for name in ENDPOINTS]
    assert len(output.functions) <= MAX_FUNCTIONS


def test_functions_run_on_the_pinned_python_within_their_time(output: Output) -> None:
    pinned = (ROOT / ".python-version").read_text().strip()
    for name, function in output.functions.items():
        assert function.config["runtime"] == f"python{pinned}"
        is_slow = name in {"api/admin", "api/cron", "api/files"}
        assert function.config["maxDuration"] == (300 if is_slow else 60)


def test_a_bundle_holds_api_and_its_dependencies_and_nothing_else_of_ours(output: Output) -> None:
    sources = {name for name in project_files() if re.fullmatch(r"api/.*\.py", name)}
    expected = {"vc__handler__python.py"} | sources | {bytecode_of(name) for name in sources}
    for package in ("web", "payments", "credits", "files", "files/readers"):
        assert f"api/_lib/{package}/__init__.py" in sources
    for function in output.functions.values():
        assert sources <= set(function.config["filePathMap"])
        ours = {name for name in function.files if not name.startswith("_vendor/")}
        assert ours == expected


def test_a_bundle_holds_every_pinned_dependency_at_its_version(output: Output) -> None:
    requirements = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^([\w.-]+)==([\w.]+) *\\?$", requirements, re.MULTILINE)
    assert "stripe" in dict(pins)
    for function in output.functions.values():
        installed = {name.split("/")[1].lower() for name in function.files if "dist-info" in name}
        for name, version in pins:
            assert f"{name.lower().replace('-', '_')}-{version}.dist-info" in installed


def test_a_bundle_holds_bytecode_that_is_used_unchecked_for_every_module(output: Output) -> None:
    """Nothing can be compiled on Vercel's read-only disk, and its files have other times."""
    for function in output.functions.values():
        for source in function.files:
            if source.endswith(".py") and source != "vc__handler__python.py":
                with function.files[bytecode_of(source)].open("rb") as compiled:
                    assert compiled.read(8)[4:] == UNCHECKED_HASH, source


def test_each_function_is_below_its_size(output: Output) -> None:
    for name, function in output.functions.items():
        assert function.size_bytes < MAX_FUNCTION_BYTES, name


def test_the_static_output_is_the_built_site(output: Output) -> None:
    """tests/unit/test_bundle.py says what is in it."""
    public = {name.removeprefix("public/") for name in project_files() if name[:7] == "public/"}
    named = {name for name in public if not name.startswith(("js/", "css/"))}
    assert {name for name in output.static if not name.startswith("assets/")} == named
    assert any(re.fullmatch(r"assets/home-\w{8}\.js", name) for name in output.static)


@pytest.mark.parametrize("page", ["/", "/payment/success", "/payment/cancelled"])
def test_a_page_has_a_clean_url(output: Output, page: str) -> None:
    route = follow(output, page)
    assert route.status == 200
    assert route.target == f"{page.strip('/') or 'index'}.html"


@pytest.mark.parametrize("page", ["/payment/success.html", "/payment/success/"])
def test_a_pages_other_spellings_lead_to_its_clean_url(output: Output, page: str) -> None:
    route = follow(output, page)
    assert (route.status, route.headers["location"]) == (308, "/payment/success")


def test_an_unknown_path_gets_our_page(output: Output) -> None:
    route = follow(output, "/nowhere")
    assert (route.status, route.target) == (404, "404.html")


@pytest.mark.parametrize("path", ["/", "/payment/success", "/nowhere", "/api/webhook", "/js/x.js"])
def test_every_answer_carries_the_security_headers(output: Output, path: str) -> None:
    headers = follow(output, path).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    # Besides our files the one script that stands in the pages: see tests/unit/test_bundle.py.
    assert re.fullmatch(r"'self' 'sha256-[\w+/]{43}='", policy.pop("script-src"))
    assert policy == {
        "default-src": "'self'",
        "connect-src": "'self' https://*.supabase.co",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert "payment=()" in headers["permissions-policy"]


@pytest.mark.parametrize(
    "path",
    [
        *("/purse.js", "/purse.d.ts", "/openapi.d.ts", "/openapi.json"),
        *("/elements/credit-store.js", "/assets/chunk-ABCDEFGH.js"),
        *("/elements/connect.js", "/js/sheets/base.js"),
    ],
)
def test_every_origin_may_load_what_other_apps_use(output: Output, path: str) -> None:
    headers = follow(output, path).headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("path", ["/", "/css/x.css", "/purseXjs", "/api/credits"])
def test_no_other_origin_may_load_the_rest(output: Output, path: str) -> None:
    headers = follow(output, path).headers
    assert "access-control-allow-origin" not in headers
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        # Never two versions of a module: it is asked for every time, or its name has a hash.
        ("/js/x.js", "public, max-age=0, must-revalidate"),
        ("/css/x.css", "public, max-age=0, must-revalidate"),
        ("/elements/credit-store.js", "public, max-age=0, must-revalidate"),
        ("/assets/home-ABCDEFGH.js", "public, max-age=31536000, immutable"),
        ("/", "public, max-age=60"),
        ("/payment/success", "public, max-age=60"),
        ("/apiary", "public, max-age=60"),
        ("/img/gem.svg", "public, max-age=3600, stale-while-revalidate=604800"),
        ("/favicon.svg", "public, max-age=3600, stale-while-revalidate=604800"),
    ],
)
def test_a_static_file_is_kept_as_long_as_it_may_be(
    output: Output, path: str, caching: str
) -> None:
    assert follow(output, path).headers["cache-control"] == caching


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_functions_caching_is_its_own_affair(output: Output, name: str) -> None:
    route = follow(output, f"/api/{name}")
    assert (route.status, route.target) == (200, f"api/{name}")
    assert "cache-control" not in route.headers


@pytest.mark.parametrize(
    ("path", "function", "query"),
    [
        ("/api/account/export", "api/account", "action=export"),
        ("/api/files/complete", "api/files", "action=complete"),
        ("/api/files/export", "api/files", "action=export"),
        ("/api/reconcile", "api/cron", "job=reconcile"),
        ("/api/cleanup", "api/cron", "job=cleanup"),
    ],
)
def test_a_rewritten_path_leads_to_its_function_and_action(
    output: Output, path: str, function: str, query: str
) -> None:
    route = follow(output, path)
    assert (route.status, route.target, route.query) == (200, function, query)
    assert "cache-control" not in route.headers


@pytest.mark.parametrize("path", ["/api/files/other", "/api/files/complete/x", "/api/cron/x"])
def test_no_other_path_below_a_function_leads_to_it(output: Output, path: str) -> None:
    assert follow(output, path).status == 404


def test_the_crons_reach_a_job_without_a_rewrite(output: Output) -> None:
    """A GET of the function's own path: no rule of ours between the scheduler and the job."""
    assert [cron["path"] for cron in output.config["crons"]] == [
        "/api/cron?job=reconcile",
        "/api/cron?job=cleanup",
    ]
    assert follow(output, "/api/cron").target == "api/cron"


def test_an_upload_holds_what_a_deployment_needs_and_nothing_else(tmp_path: Path) -> None:
    """The CLI uploads whatever .vercelignore does not name, untracked files included."""
    for name in [*project_files(), *DECOYS]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    git(tmp_path, "init", "--quiet")
    rules = f"--exclude-from={ROOT / '.vercelignore'}"
    uploaded = git(tmp_path, "ls-files", "--others", rules).splitlines()
    tops = {name.partition("/")[0] for name in uploaded}
    assert tops == {".python-version", "api", "bundle", "public", "requirements.txt", "vercel.json"}
    assert not [name for name in uploaded if "node_modules" in name]


def test_the_settings_name_no_install_command() -> None:
    """The build command installs what it needs, so nothing is installed twice."""
    settings = json.loads((ROOT / "vercel.json").read_text())
    assert settings["framework"] is None
    assert settings["build"] == {"env": {"VERCEL_PYTHON_COMPILEALL": "1"}}
    assert settings["installCommand"] == ""
