"""One build for all these tests, and the functions it gave, booted when first asked for."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.tools.npm import MissingToolError
from tests.vercel.build import DECOYS, Output, Toolchain, build, copy, project_files
from tests.vercel.runtime import BootedFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support import RunningStack
    from tests.vercel.build import Function

_STARTS = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def toolchain() -> Toolchain:
    """Node, the Vercel CLI, uv and the pinned Python."""
    try:
        return Toolchain.find()
    except MissingToolError as error:
        _cannot_run(f"the Vercel build was not tried: {error}")


@pytest.fixture(scope="session")
def output(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Output:
    """What `vercel build` makes of the working tree."""
    tree = tmp_path_factory.mktemp("vercel")
    copy(project_files(), tree)
    for name in DECOYS:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("decoy = 1\n")
    return build(tree, toolchain)


@pytest.fixture(scope="session")
def boot(output: Output, stack: RunningStack) -> Iterator[Callable[[str], BootedFunction]]:
    """Boot a function against the local stack, once a session."""
    environment = {
        "SITE_URL": stack.site_url,
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "STRIPE_API_BASE": stack.stripe_api_base,
        "STRIPE_SECRET_KEY": stack.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": stack.stripe_webhook_secret,
        "STORAGE_S3_ENDPOINT": stack.storage_s3_endpoint,
        "STORAGE_S3_REGION": stack.storage_s3_region,
        "STORAGE_S3_ACCESS_KEY_ID": stack.storage_s3_access_key_id,
        "STORAGE_S3_SECRET_ACCESS_KEY": stack.storage_s3_secret_access_key,
        "STORAGE_BUCKET": stack.storage_bucket,
        "CRON_SECRET": stack.cron_secret,
    }
    running: dict[str, BootedFunction] = {}
    with ExitStack() as until_the_end:

        def booted(name: str) -> BootedFunction:
            if name not in running:
                function = output.functions[f"api/{name}"]
                started = BootedFunction(function, output.python, environment)
                running[name] = until_the_end.enter_context(started)
            return running[name]

        yield booted


@pytest.fixture
def report_start(request: pytest.FixtureRequest) -> Callable[[Function, BootedFunction], None]:
    """Have a function's size and start stand in the summary: reported, as machines differ."""
    lines = request.config.stash.setdefault(_STARTS, [])

    def report(function: Function, booted: BootedFunction) -> None:
        size = function.size_bytes / 1e6
        lines.append(f"{function.name}: {size:.1f} MB, init {booted.init_ms:.0f} ms")

    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the sizes and starts of the functions that were booted."""
    lines = config.stash.get(_STARTS, [])
    if lines:
        terminalreporter.section("built functions (make cold-start measures them properly)")
        for line in lines:
            terminalreporter.line(line)


def _cannot_run(reason: str) -> NoReturn:
    """Skip on a developer's machine; fail in CI, where a test that did not run hides a fault."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
