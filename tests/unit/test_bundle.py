"""What a deploy makes of public/: bundle/build.mjs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from local.stack import ROOT
from server.app import create_app
from server.page_policy import page_policy
from tests.built import build_site
from tests.support import cannot_run
from tests.tools.npm import MissingToolError
from tests.tools.pages import modules_behind
from tests.unit.test_texts import ENGLISH, PAGES, asked_for, prefixes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.npm
PUBLIC = ROOT / "public"
ADDRESS = re.compile(r'(?:href|src|data-[\w-]+|from|import)[= ]?"((?:/|\.\./)[^"?]*)"')
HASHED = re.compile(r"/assets/[\w-]+-[\w-]{8,10}\.(?:js|css)")
META = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
EVERY_PROJECT = "default-src 'self'; script-src 'self'; connect-src 'self' https://*.supabase.co"
TRUSTED_TYPES = "require-trusted-types-for 'script'; trusted-types 'none'"
# Whatever other sites and browsers ask for by name.
PUBLIC_NAMES = ("purse.js", "purse.d.ts", "openapi.json", "openapi.d.ts", "favicon.svg")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Build the site with these settings; return its folder."""

    def built(**options: Any) -> Path:
        target = tmp_path_factory.mktemp("dist")
        try:
            build_site(target, **options)
        except MissingToolError as error:
            cannot_run(f"the site was not built: {error}")
        return target

    return built


@pytest.fixture(scope="module")
def dist(build: Callable[..., Path]) -> Path:
    """The site as built without settings."""
    return build()


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A copy of public/ that a test may change."""
    return shutil.copytree(PUBLIC, tmp_path / "public")


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def changed(public: Path, name: str, old: str, new: str) -> None:
    text = (public / name).read_text("utf-8")
    assert old in text
    (public / name).write_text(text.replace(old, new), "utf-8")


def test_what_has_a_public_address_keeps_it(dist: Path) -> None:
    kept = {name for name in files_of(PUBLIC) if not name.startswith(("js/", "css/"))}
    assert {name for name in files_of(dist) if not name.startswith("assets/")} == kept
    for name in PUBLIC_NAMES:
        assert (dist / name).read_bytes() == (PUBLIC / name).read_bytes()


def test_a_page_names_one_style_sheet_and_hashed_files_that_exist(dist: Path) -> None:
    files = files_of(dist)
    for page in dist.rglob("*.html"):
        named = {
            address
            for addresses in ADDRESS.findall(page.read_text("utf-8"))
            for address in addresses.split()
            if not address.startswith("/api/") and "." in address
        }
        loaded = {address for address in named if not address.endswith(".svg")}
        assert {address for address in loaded if not HASHED.fullmatch(address)} == set(), page
        assert {address.lstrip("/") for address in named} <= files, page
        assert sum(address.endswith(".css") for address in named) == 1


def test_a_page_preloads_every_module_that_its_script_imports(dist: Path) -> None:
    sizes = set()
    for page in dist.rglob("*.html"):
        text = page.read_text("utf-8")
        (script,) = re.findall(r'<script type="module" src="/([^"]+)"', text)
        waiting, seen = [script], {script}
        while waiting:
            module = (dist / waiting.pop()).read_text("utf-8")
            imported = re.findall(r'(?:from|import) ?"\./([\w-]+\.js)"', module)
            waiting += [name for each in imported if (name := f"assets/{each}") not in seen]
            seen |= {f"assets/{each}" for each in imported}
        preloaded = re.findall(r'rel="modulepreload" href="/([^"]+)"', text)
        assert sorted([script, *preloaded]) == sorted(seen), page
        sizes.add(len(seen))
    assert max(sizes) > 1


def test_the_policy_allows_the_one_script_that_stands_in_every_page(dist: Path) -> None:
    everywhere = json.loads((ROOT / "vercel.json").read_text("utf-8"))["headers"][0]["headers"]
    (policy,) = (each["value"] for each in everywhere if each["key"] == "Content-Security-Policy")
    for page in dist.rglob("*.html"):
        (script,) = re.findall(r"<script(?:\s[^>]*)?>(.+?)</script>", page.read_text("utf-8"))
        digest = b64encode(sha256(script.encode()).digest()).decode()
        assert f"; script-src 'self' 'sha256-{digest}'; " in policy, page


def test_what_is_served_stays_where_a_build_fails(build: Callable[..., Path], public: Path) -> None:
    target = build()
    before = files_of(target)
    changed(public, "js/lib/once.js", "export function once", "export function")
    with pytest.raises(subprocess.CalledProcessError):
        build_site(target, source=public)
    assert files_of(target) == before
    assert not list(target.parent.glob(f"{target.name}.*"))


def test_a_script_that_the_policy_does_not_allow_is_not_deployed(
    build: Callable[..., Path], public: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    changed(public, "js/lib/early.js", "purse.texts", "purse.languages")
    with pytest.raises(subprocess.CalledProcessError):
        build(source=public)
    assert re.search(
        r"put 'sha256-[\w+/]{43}=' into script-src in vercel.json", capfd.readouterr().err
    )


def test_a_language_is_a_file_of_its_own_whose_address_early_js_is_told(dist: Path) -> None:
    for page in dist.rglob("*.html"):
        (address,) = re.findall(r' data-de="/([^"]+)"', page.read_text("utf-8"))
        assert HASHED.fullmatch(f"/{address}")
        assert (dist / address).is_file()
    scripts = {path: path.read_text("utf-8") for path in (dist / "assets").glob("*.js")}
    german = {path.name.partition("-")[0] for path, text in scripts.items() if "Guthaben" in text}
    assert german == {"de"}


def texts_on(dist: Path, page: str) -> set[str]:
    """Return the keys of the German texts of a page."""
    (address,) = re.findall(r' data-de="/([^"]+)"', (dist / page).read_text("utf-8"))
    return set(re.findall(r"""[{,]"?([\w.]+)"?:["'`{]""", (dist / address).read_text("utf-8")))


@pytest.mark.parametrize("page", [path.relative_to(PUBLIC).as_posix() for path in PAGES])
def test_a_page_has_every_text_that_its_modules_and_its_html_ask_for(dist: Path, page: str) -> None:
    html = (PUBLIC / page).read_text("utf-8")
    (script,) = re.findall(r'<script type="module" src="(/js/[^"]+)"', html)
    modules = {script, *modules_behind(script)}
    for late in re.findall(r'data-(?:signed-in|signed-out|later)="([^"\s]+)', html):
        modules |= {late, *modules_behind(late)}
    names = {address.lstrip("/") for address in modules} | {page}
    wanted = {key for name, key in asked_for() if name in names}
    wanted |= {
        key
        for name, start in prefixes()
        if name in names
        for key in ENGLISH
        if key.startswith(start)
    }
    assert wanted
    assert wanted - texts_on(dist, page) == set()


def test_a_page_has_no_texts_that_only_others_need(dist: Path) -> None:
    texts = {page: texts_on(dist, page) for page in ("index.html", "files.html", "account.html")}
    found = {
        key: [page for page, keys in texts.items() if key in keys]
        for key in ("home.lead", "drop.limits", "deletion.title", "footer.language")
    }
    assert found == {
        "home.lead": ["index.html"],
        "drop.limits": ["files.html"],
        "deletion.title": ["account.html"],
        "footer.language": [*texts],
    }


def test_an_element_leads_to_files_of_its_own_version(
    build: Callable[..., Path], public: Path
) -> None:
    element = public / "elements" / "probe.js"
    element.parent.mkdir(exist_ok=True)
    element.write_text('export { t } from "../js/lib/texts.js";\n', "utf-8")
    built = build(source=public)
    for path in (built / "elements").glob("*.js"):
        named = re.findall(r'"\.\.(/[^"]+)"', path.read_text("utf-8"))
        assert len(named) > 1
        assert not [name for name in named if not HASHED.fullmatch(name)]
        assert not [name for name in named if not (built / name.lstrip("/")).is_file()]


def test_the_same_sources_give_the_same_names(dist: Path, build: Callable[..., Path]) -> None:
    assert files_of(build()) == files_of(dist)


def test_a_file_that_changes_gets_another_name(
    dist: Path, build: Callable[..., Path], public: Path
) -> None:
    """Also when one that it imports changes: a page never gets modules of two deploys."""
    changed(public, "js/lib/http.js", "TIMEOUT_SECONDS = 20", "TIMEOUT_SECONDS = 21")
    changed(public, "css/tokens.css", "#a01652", "#a01653")
    after = build(source=public)
    for name in files_of(dist) & files_of(after):
        if name.startswith("assets/"):
            assert (dist / name).read_bytes() == (after / name).read_bytes()
    scripts = {name for name in files_of(dist) if re.match(r"assets/(home|files)-.*\.js$", name)}
    styles = {name for name in files_of(dist) if name.endswith(".css")}
    assert scripts
    assert styles
    assert not (scripts | styles) & files_of(after)


@pytest.mark.parametrize(
    "settings",
    [
        {"SUPABASE_URL": "https://abc.supabase.co"},
        {
            "SUPABASE_URL": "https://auth.example.com/",
            "STORAGE_S3_ENDPOINT": "https://files.example.com:444/storage/v1/s3",
        },
        {
            "SUPABASE_URL": "https://abc.supabase.co",
            "CAPTCHA_SITE_KEY": "key",
            "CAPTCHA_PROVIDER": "turnstile",
        },
        {
            "SUPABASE_URL": "HTTPS://name:secret@ABC.Supabase.co:443",
            "STORAGE_S3_ENDPOINT": "files.example.com:443",
        },
        {"SUPABASE_URL": "https://abc.supabase.co", "STORAGE_S3_ENDPOINT": 'https://a"b;x'},
    ],
)
def test_every_page_says_itself_what_our_server_would_say(
    build: Callable[..., Path], settings: dict[str, str]
) -> None:
    expected = dict(
        part.split(" ", 1)
        for part in page_policy(f"{EVERY_PROJECT}; {TRUSTED_TYPES}", settings).split("; ")
    )
    for page in build(**settings).rglob("*.html"):
        assert META.findall(page.read_text("utf-8")) == [f"connect-src {expected['connect-src']}"]


def test_no_page_narrows_what_is_not_known(dist: Path, build: Callable[..., Path]) -> None:
    for built in (dist, build(SUPABASE_URL="https://*"), build(SUPABASE_URL="abc.example.com:443")):
        assert not [page for page in built.rglob("*.html") if META.search(page.read_text("utf-8"))]


def test_our_server_serves_it_and_lets_no_browser_keep_that_a_file_is_missing(dist: Path) -> None:
    client = Client(create_app(public=str(dist)))
    asset = next(path.name for path in (dist / "assets").glob("home-*.js"))
    caching = {}
    for path in ("/", f"/assets/{asset}", "/assets/home-ABCDEFGH.js", "/nowhere"):
        with client.get(path) as answer:
            caching[path] = answer.headers["cache-control"]
    assert caching == {
        "/": "public, max-age=60",
        f"/assets/{asset}": "public, max-age=31536000, immutable",
        "/assets/home-ABCDEFGH.js": "no-cache, max-age=0",
        "/nowhere": "no-cache, max-age=0",
    }
