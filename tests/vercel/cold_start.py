"""Measures cold starts: `python -m tests.vercel.cold_start`, or `make cold-start`.

Each function is built as deployed, booted on its own runtime, and sent a first request against the
local stack. The reference is a probe in a default build that imports stripe, supabase and jwt whole
and makes a client. BASE=<commit> builds that commit as well; it must know this tree's database.

The table shows medians. Each round boots everything once, so that a busy moment of the machine
falls on all rows alike. The sum of start and first request shows imports that were only put off.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from local.stack import running_stack
from tests.stripe_events import event, sign
from tests.support import RunningStack
from tests.tools.npm import MissingToolError
from tests.vercel.build import ROOT, Function, Output, Toolchain, build, copy, git, project_files
from tests.vercel.runtime import BootedFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.vercel.runtime import Answer

    Request = Callable[[BootedFunction], Answer]

ROUNDS = 9
BURSTS = 3
AT_ONCE = 50
# Of the probe's start.
AIMS = {
    "api/webhook": 0.14,
    "api/credits": 0.17,
    "api/packages": 0.12,
    "api/health": 0.12,
    "api/config": 0.12,
    "api/create-checkout-session": 0.24,
}
BURST_AIM_SECONDS = 0.3
PROBE = '''"""What a function costs that imports everything."""

import jwt
import stripe
import supabase

CLIENT = supabase.create_client("https://abcdefghijklmnopqrst.supabase.co", "sb_secret_probe")


def app(environ, start_response):
    start_response("200 OK", [])
    return [jwt.__name__.encode(), stripe.__name__.encode()]
'''


@dataclass(frozen=True)
class Sample:
    """One boot: the runtime's own figure, and how long the first request took, in milliseconds."""

    init_ms: float
    request_ms: float


def main() -> None:
    """Build, boot everything in rounds, print the table."""
    with tempfile.TemporaryDirectory(prefix="purse-cold-start-") as folder:
        try:
            tools = Toolchain.find()
        except MissingToolError as error:
            sys.exit(f"Cold starts cannot be measured: {error}")
        trees = Path(folder)
        _say("Building the probe and the functions.")
        outputs = {
            "probe": build(_probe_tree(trees / "probe"), tools, as_deployed=False),
            "now": build(_our_tree(trees / "now"), tools),
        }
        base = os.environ.get("BASE")
        if base:
            outputs["base"] = build(_tree_of(base, trees / "base"), tools)
        with running_stack(trees / "stack", environ={}, report=lambda _line: None) as running:
            report(outputs, RunningStack(**asdict(running)), tools.python)


def report(
    outputs: Mapping[str, Output], stack: RunningStack, python: Path, *, rounds: int = ROUNDS
) -> None:
    """Measure the functions of these builds and print the table.

    Only functions of the build "now" are compared, so that a base may have others.
    """
    names = [name for name in outputs["now"].functions if name in AIMS]
    rows = {
        (label, name): output.functions[name]
        for label, output in outputs.items()
        for name in (["api/probe"] if label == "probe" else names)
    }
    environment = _environment(stack)
    requests = _first_requests(stack)
    samples: dict[tuple[str, str], list[Sample]] = {row: [] for row in rows}
    _say(f"Booting {len(rows)} functions {rounds + 1} times.")
    for number in range(rounds + 1):
        for row, function in rows.items():
            sample = _boot(function, python, environment, requests[row[1]])
            if number:  # the first round only warms the disk's cache
                samples[row].append(sample)
    _print_table(rows, samples)
    for label, output in outputs.items():
        if label != "probe":
            slowest = _slowest_of_a_burst(output.functions["api/config"], python)
            missed = "  above the aim" if label == "now" and slowest > BURST_AIM_SECONDS else ""
            _say(f"{label}: {AT_ONCE} at once, the slowest answered after {slowest:.2f} s{missed}")


def _boot(
    function: Function, python: Path, environment: Mapping[str, str], request: Request
) -> Sample:
    with BootedFunction(function, python, environment) as booted:
        started_at = time.perf_counter()
        answer = request(booted)
        request_ms = (time.perf_counter() - started_at) * 1000
        if answer.status != HTTPStatus.OK:
            sys.exit(f"{function.name} answered {answer.status}: {booted.output()}")
        return Sample(booted.init_ms, request_ms)


def _slowest_of_a_burst(function: Function, python: Path) -> float:
    """Return the median, over bursts, of the slowest answer's seconds."""

    def ask(booted: BootedFunction, together: threading.Barrier) -> float:
        together.wait()
        started_at = time.perf_counter()
        with closing(booted.connect()) as connection:
            booted.raw(connection, "GET /api/config")
        return time.perf_counter() - started_at

    slowest = []
    for _ in range(BURSTS):
        with (
            BootedFunction(function, python, {}) as booted,
            ThreadPoolExecutor(AT_ONCE) as threads,
        ):
            together = threading.Barrier(AT_ONCE)
            asked = [threads.submit(ask, booted, together) for _ in range(AT_ONCE)]
            slowest.append(max(each.result() for each in asked))
    return statistics.median(slowest)


def _print_table(
    rows: Mapping[tuple[str, str], Function], samples: Mapping[tuple[str, str], list[Sample]]
) -> None:
    probe = statistics.median(sample.init_ms for sample in samples["probe", "api/probe"])
    _say(
        f"\n{'build':<6} {'function':<28} {'MB':>6} {'init ms':>8} {'of probe':>9}"
        f" {'request':>8} {'sum':>6} {'of base':>8}"
    )
    for row, function in rows.items():
        label, name = row
        init = statistics.median(sample.init_ms for sample in samples[row])
        request = statistics.median(sample.request_ms for sample in samples[row])
        total = _total_ms(samples[row])
        base = samples.get(("base", name))
        of_base = f"{total / _total_ms(base):>8.2f}" if base and label == "now" else f"{'':>8}"
        missed = label == "now" and init / probe > AIMS[name]
        _say(
            f"{label:<6} {name:<28} {function.size_bytes / 1e6:>6.1f} {init:>8.0f}"
            f" {init / probe:>9.3f} {request:>8.0f} {total:>6.0f} {of_base}"
            f"{'  above the aim' if missed else ''}"
        )


def _total_ms(samples: list[Sample]) -> float:
    return statistics.median(sample.init_ms + sample.request_ms for sample in samples)


def _first_requests(stack: RunningStack) -> dict[str, Request]:
    """Return the request of each function that takes the path of an ordinary call."""
    user = stack.sign_up()
    body = json.dumps(event("customer.updated", {"id": "cus_1", "object": "customer"})).encode()
    as_json = {"Content-Type": "application/json"}

    def get(path: str, headers: Mapping[str, str] | None = None) -> Request:
        return lambda booted: booted.request("GET", path, headers=headers)

    def post(path: str, headers: Mapping[str, str], content: bytes) -> Request:
        return lambda booted: booted.request("POST", path, headers=headers, body=content)

    def deliver(booted: BootedFunction) -> Answer:
        # Signed when it is sent, because a signature is valid for five minutes.
        headers = {**as_json, "Stripe-Signature": sign(body, stack.stripe_webhook_secret)}
        return booted.request("POST", "/api/webhook", headers=headers, body=body)

    return {
        "api/probe": get("/api/probe"),
        "api/config": get("/api/config"),
        "api/health": get("/api/health"),
        "api/packages": get("/api/packages"),
        "api/credits": get("/api/credits", user.auth),
        "api/webhook": deliver,
        "api/create-checkout-session": post(
            "/api/create-checkout-session",
            {**as_json, **user.auth},
            b'{"package_type": "starter"}',
        ),
    }


def _environment(stack: RunningStack) -> dict[str, str]:
    return {
        "SITE_URL": stack.site_url,
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "STRIPE_API_BASE": stack.stripe_api_base,
        "STRIPE_SECRET_KEY": stack.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": stack.stripe_webhook_secret,
        # One person opens many checkouts here.
        "ORDERS_PER_MINUTE": "1000",
    }


def _our_tree(tree: Path) -> Path:
    copy(project_files(), tree)
    return tree


def _tree_of(commit: str, tree: Path) -> Path:
    tree.mkdir(parents=True)
    archive = tree.parent / "base.tar"
    git(ROOT, "archive", "--format=tar", f"--output={archive}", commit)
    shutil.unpack_archive(archive, tree)
    return tree


def _probe_tree(tree: Path) -> Path:
    """Lay out a project whose only function is the probe, at our versions."""
    (tree / "api").mkdir(parents=True)
    (tree / "api" / "probe.py").write_text(PROBE)
    requirements = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^(?:stripe|pyjwt|supabase)==[\w.]+", requirements, re.MULTILINE)
    (tree / "requirements.txt").write_text("\n".join([*pins, "PyJWT[crypto]", ""]))
    (tree / "vercel.json").write_text('{"framework": null}')
    shutil.copyfile(ROOT / ".python-version", tree / ".python-version")
    return tree


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a table is what this is run for


if __name__ == "__main__":
    main()
