"""The site as a deploy builds it: what its pages ask for, and what their policy refuses."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error, expect

from tests.browser.another_site import another_site
from tests.browser.sessions import signed_in
from tests.built import build_site
from tests.support import cannot_run
from tests.tools.npm import MissingToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page, Route

    from tests.browser.conftest import Visit
    from tests.browser.console import Console
    from tests.support import RunningStack, User

PAGES = (
    *("/", "/files", "/account", "/account/deleted", "/payment/success", "/payment/cancelled"),
    *("/sign-in/mail", "/sign-in/reset", "/unsubscribe", "/nowhere"),
)


# Nobody stays on these who is signed in: how far they get with asking is chance.
LEFT_AT_ONCE = ("/account/deleted", "/sign-in/mail")
VISITS = [(path, False) for path in PAGES]
VISITS += [(path, True) for path in PAGES if path not in LEFT_AT_ONCE]
HOME_SCRIPT = re.compile(r"/assets/home-\w{8}\.js")
EARLY = re.compile(r'<link rel="preload" as="fetch"[^>]*>|\s+data-(ask|read)[\w-]*="[^"]*"')


@pytest.fixture(scope="module")
def dist(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built for the stack's project."""
    target = tmp_path_factory.mktemp("built") / "dist"
    try:
        build_site(target, SUPABASE_URL=stack.supabase_url)
    except MissingToolError as error:
        cannot_run(f"the site was not built: {error}")
    return target


@pytest.fixture(scope="module")
def stack(stack: RunningStack, dist: Path) -> Iterator[RunningStack]:
    """The same stack behind the built site."""
    with another_site(stack, dist.parent, dist) as built:
        yield built


@pytest.fixture(scope="module")
def sites(stack: RunningStack, dist: Path) -> Iterator[tuple[RunningStack, RunningStack]]:
    """The built site, and the same without what makes requests begin with the HTML."""
    plain = shutil.copytree(dist, dist.parent / "plain")
    for page in plain.rglob("*.html"):
        page.write_text(EARLY.sub("", page.read_text("utf-8")), "utf-8")
    with another_site(stack, dist.parent, plain) as built:
        yield stack, built


@pytest.fixture
def person(user: User, console: Console) -> tuple[User, Console]:
    """Somebody, and what their browser complains about."""
    return user, console


class Traffic:
    """The requests of a page, from now on."""

    def __init__(self, page: Page) -> None:
        self._paths: dict[str, str] = {}
        self._documents: dict[str, str] = {}
        self._cached: set[str] = set()
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", self._send)
        devtools.on("Network.requestServedFromCache", self._find)
        devtools.on("Network.responseReceived", self._receive)

    def _send(self, event: dict[str, Any]) -> None:
        request = event["request"]
        if request["method"] == "GET":
            self._paths[event["requestId"]] = path_of(request["url"])
            self._documents[event["requestId"]] = path_of(event["documentURL"])

    def _find(self, event: dict[str, Any]) -> None:
        self._cached.add(event["requestId"])

    def _receive(self, event: dict[str, Any]) -> None:
        if event["response"].get("fromDiskCache"):
            self._find(event)

    @property
    def functions(self) -> Counter[tuple[str, str]]:
        """How often each document read each of our functions."""
        return Counter(
            (self._documents[number], path)
            for number, path in self._paths.items()
            if path.startswith("api/")
        )

    @property
    def over_the_network(self) -> set[str]:
        """What came from no cache."""
        return {path for number, path in self._paths.items() if number not in self._cached}


def path_of(url: str) -> str:
    return url.split("/", 3)[3]


def open_quietly(context: BrowserContext, url: str) -> Traffic:
    """Open an address in a new page, until nothing is under way any more."""
    page = context.new_page()
    traffic = Traffic(page)
    page.goto(url, wait_until="networkidle")
    return traffic


@pytest.mark.parametrize(("path", "is_signed_in"), VISITS)
def test_what_begins_with_the_html_is_what_the_modules_ask_for(
    browser: Browser,
    sites: tuple[RunningStack, RunningStack],
    person: tuple[User, Console],
    path: str,
    is_signed_in: bool,
) -> None:
    user, console = person
    console.allow_failing("/nowhere")
    asked = []
    for site in sites:
        stored = signed_in(site, user.email, user.password) if is_signed_in else None
        context = browser.new_context(locale="en-US", storage_state=stored)
        console.listen(context)
        open_quietly(context, site.site_url)
        asked.append(open_quietly(context, f"{site.site_url}{path}").functions)
        context.close()
    assert asked[0] == Counter(set(asked[1])), "each once"


@pytest.mark.parametrize("path", ["/", "/files"])
def test_a_warm_page_asks_for_data_alone(visit: Visit, user: User, path: str) -> None:
    site = visit(user)
    open_quietly(site.page.context, f"{site.url}{path}")
    asked = open_quietly(site.page.context, f"{site.url}{path}").over_the_network
    assert "api/credits?limit=20&usage=true&payments=true&balances=90" in asked
    assert {name for name in asked if not name.startswith("api/")} == set()


def test_the_token_is_sent_to_our_own_functions_alone(
    visit: Visit, stack: RunningStack, user: User
) -> None:
    """The policy knows the script that sends it by its hash, but not the attributes of its tag."""
    site = visit(user, at="/unsubscribe")
    ours = "/api/credits?limit=20&amp;"
    # Where pages may connect to.
    theirs = f"{stack.supabase_url}{ours}"

    def forge(route: Route) -> None:
        html = route.fetch().text()
        assert f'data-ask="{ours}' in html
        route.fulfill(body=html.replace(f'"{ours}', f'"{theirs}'), content_type="text/html")

    site.page.route(f"{site.url}/", forge)
    asked: list[str] = []
    site.page.on("request", lambda request: asked.append(request.url))
    site.open()
    site.expect_balance(0)
    assert not [url for url in asked if url.startswith(stack.supabase_url)]


def test_a_page_whose_files_a_deploy_has_just_replaced_is_loaded_anew(
    visit: Visit, console: Console
) -> None:
    console.allow_failing("/assets/")
    site = visit(at="/unsubscribe")
    missing = iter([True])

    def answer(route: Route) -> None:
        if next(missing, False):
            route.fulfill(status=404, body="gone")
        else:
            route.continue_()

    site.page.route(HOME_SCRIPT, answer)
    site.open()
    expect(site.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_a_page_that_stays_broken_is_loaded_anew_only_once(visit: Visit, console: Console) -> None:
    console.allow_failing("/assets/")
    site = visit(at="/unsubscribe")
    site.page.route(HOME_SCRIPT, lambda route: route.fulfill(status=404, body="gone"))
    documents: list[str] = []
    site.page.on(
        "request",
        lambda sent: documents.append(sent.url) if sent.is_navigation_request() else None,
    )
    answers = count()
    # The script of the page, once more past the cache, and the script of the page loaded anew.
    with site.page.expect_response(
        lambda answer: HOME_SCRIPT.search(answer.url) is not None and next(answers) == 2
    ):
        site.open()
    site.page.wait_for_load_state("networkidle")
    assert len(documents) == 2


@pytest.mark.parametrize("path", ["/", "/files", "/payment/success"])
def test_a_string_becomes_no_markup_and_no_script(
    browser: Browser, stack: RunningStack, path: str
) -> None:
    page = browser.new_page()
    page.goto(f"{stack.site_url}{path}")
    for attempt in (
        "document.body.innerHTML = '<b>text</b>'",
        "document.createElement('script').src = '/js/lib/early.js'",
        "new DOMParser().parseFromString('<b>text</b>', 'text/html')",
        "trustedTypes.createPolicy('any', {})",
    ):
        with pytest.raises(Error, match=r"Trusted|Policy"):
            page.evaluate(f"() => {{ {attempt} }}")
    page.close()


def test_a_page_connects_to_the_project_and_no_other(browser: Browser, stack: RunningStack) -> None:
    page = browser.new_page()
    page.goto(f"{stack.site_url}/unsubscribe")
    refused = page.evaluate(
        """() => new Promise((resolve) => {
          addEventListener("securitypolicyviolation", (event) => resolve(event.blockedURI));
          fetch("https://another.supabase.co").catch(() => null);
        })"""
    )
    assert refused.startswith("https://another.supabase.co")
    page.close()
