"""The built functions, booted on the runtime that they carry."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx
import pytest

from server.app import function_files
from tests.faulty import FAULTS
from tests.samples import mp3_of
from tests.stripe_events import Order, event, sign
from tests.vercel.build import ROOT, Function
from tests.vercel.runtime import BootedFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support import RunningStack, User
    from tests.vercel.build import Output

    Boot = Callable[[str], BootedFunction]

ENDPOINTS = sorted(
    path.relative_to(ROOT / "api").with_suffix("").as_posix() for path in function_files()
)
STARTER_CREDITS = 500
FAULTY = Path(__file__).parents[1] / "faulty.py"
AT_ONCE = 50


def signed(body: bytes, secret: str) -> dict[str, str]:
    return {"Stripe-Signature": sign(body, secret), "Content-Type": "application/json"}


def paid_session(boot: Boot, stack: RunningStack, user: User) -> dict[str, Any]:
    """Have the built checkout open an order, and say of its session what Stripe says once paid."""
    checkout = boot("create-checkout-session")
    opened = checkout.request(
        "POST",
        "/api/create-checkout-session",
        headers={**user.auth, "Content-Type": "application/json"},
        body=b'{"package_type": "starter"}',
    )
    assert opened.status == 200, checkout.output()
    session: dict[str, Any] = httpx.get(
        f"{stack.stripe_api_base}/v1/checkout/sessions/{opened.json()['id']}",
        headers={"Authorization": f"Bearer {stack.stripe_secret_key}"},
    ).json()
    paid = {"status": "complete", "payment_status": "paid", "payment_intent": "pi_built_function"}
    return {**session, **paid}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_function_boots_without_settings_and_leaves_nothing_behind(
    output: Output, name: str, report_start: Callable[[Function, BootedFunction], None]
) -> None:
    """The platform's disk is read-only, and a setting that is missing must not be a crash."""
    function = output.functions[f"api/{name}"]
    with BootedFunction(function, output.python, {}) as booted:
        report_start(function, booted)
        answer = booted.request("GET", f"/api/{name}")
        written = {str(path.relative_to(booted.task)) for path in booted.task.rglob("*")}
        files = {name for name in written if (booted.task / name).is_file()}
        assert answer.status < 600
        assert answer.headers["content-type"] == "application/json"
        assert files == set(function.files)
        assert list(booted.home.iterdir()) == []


def test_a_function_runs_from_its_bytecode(output: Output, tmp_path: Path) -> None:
    """With sources that would fail, it still runs: what was compiled at build time is used."""
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError\n")
    built = output.functions["api/health"]
    function = Function(built.name, built.tree, built.folder)
    for name in function.files:
        if name.startswith(("api/", "_vendor/stripe/", "_vendor/httpx/")) and name.endswith(".py"):
            function.files[name] = broken
    with BootedFunction(function, output.python, {}) as booted:
        assert booted.request("GET", "/api/health").json()["version"]


@pytest.fixture(scope="module")
def faulty(output: Output) -> Iterator[BootedFunction]:
    """A built function whose own source is replaced by the endpoint that fails as asked."""
    built = output.functions["api/config"]
    function = Function(built.name, built.tree, built.folder)
    function.files["api/config.py"] = FAULTY
    del function.files["api/__pycache__/config.cpython-313.pyc"]
    with BootedFunction(function, output.python, {}) as booted:
        yield booted


@pytest.mark.parametrize("fault", ["exception", *FAULTS])
def test_a_fault_is_a_500_in_json(faulty: BootedFunction, fault: str) -> None:
    """Left to the runtime, an exception sends no byte, and an answer once begun stays."""
    answer = faulty.request("GET", f"/api/config?{urlencode({'fault': fault})}")
    assert answer.status == 500
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["error"]["code"] == "internal_error"
    assert "somebody" not in answer.body.decode() + faulty.output()
    assert not {"x-fault", "x-injected"} & set(answer.headers)


@pytest.mark.parametrize("query", ["", "?fault=exception"])
def test_a_head_answer_has_no_body(faulty: BootedFunction, query: str) -> None:
    """The runtime would send whatever body the application returns."""
    with faulty.connect() as connection:
        received = faulty.raw(connection, f"HEAD /api/config{query}")
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert body == b""


def test_fifty_requests_connect_at_once(output: Output) -> None:
    """The kernel completes a connection only while there is room in the server's backlog.

    With the backlog of five that the runtime would set, connecting would time out here.
    """
    function = output.functions["api/config"]
    with BootedFunction(function, output.python, {}) as booted, ExitStack() as until_the_end:
        with booted.suspended():
            connections = [until_the_end.enter_context(booted.connect()) for _ in range(AT_ONCE)]
        for connection in connections:
            assert booted.raw(connection, "GET /api/config").startswith(b"HTTP/1.0 503 ")


def test_a_signed_webhook_is_applied_and_the_balance_shows_it(
    boot: Boot, stack: RunningStack
) -> None:
    user = stack.sign_up()
    session = paid_session(boot, stack, user)
    body = json.dumps(event("checkout.session.completed", session)).encode()

    told = boot("webhook").request(
        "POST", "/api/webhook", headers=signed(body, stack.stripe_webhook_secret), body=body
    )
    assert (told.status, told.json()) == (200, {"received": True, "outcome": "applied"})

    asked = boot("credits").request("GET", "/api/credits", headers=user.auth)
    assert asked.status == 200
    assert asked.json()["balance"] == STARTER_CREDITS


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_arrives_byte_for_byte(boot: Boot, stack: RunningStack, chunked: bool) -> None:
    """Spaces, line ends and letters beyond ASCII are what a proxy would normalise first."""
    notice = event("customer.updated", {"id": "cus_1", "object": "customer", "name": "Zoë 💎"})
    body = b"\r\n" + json.dumps(notice, indent=3, ensure_ascii=False).encode() + b" \n\n"
    sent = (body[at : at + 7] for at in range(0, len(body), 7)) if chunked else body

    told = boot("webhook").request(
        "POST", "/api/webhook", headers=signed(body, stack.stripe_webhook_secret), body=sent
    )
    assert (told.status, told.json()["outcome"]) == (200, "ignored")


def test_a_forged_signature_is_refused(boot: Boot) -> None:
    body = b'{"object": "event"}'
    told = boot("webhook").request(
        "POST", "/api/webhook", headers=signed(body, "whsec_somebody_elses"), body=body
    )
    assert told.status == 400
    assert told.json()["error"]["code"]


def test_a_stranger_sees_no_balance(boot: Boot) -> None:
    asked = boot("credits").request("GET", "/api/credits")
    assert asked.status == 401
    assert asked.headers["cache-control"] == "no-store"


def test_the_built_deployment_is_healthy(boot: Boot) -> None:
    asked = boot("health").request("GET", "/api/health")
    assert (asked.status, asked.json()["status"]) == (200, "ok")


def test_the_catalogue_is_served(boot: Boot) -> None:
    asked = boot("packages").request("GET", "/api/packages")
    starter = asked.json()["packages"][0]
    assert (starter["id"], starter["credits"], starter["unit_amount"]) == ("starter", 500, 499)


@pytest.mark.parametrize("path", ["/api/files", "/api/files/complete"])
def test_a_built_function_processes_an_upload(boot: Boot, stack: RunningStack, path: str) -> None:
    """The bundle has the readers and a place for temporary files.

    The action counts, whichever path Vercel gives the function after its rewrite.
    """
    user = stack.sign_up()
    stack.deliver(event("checkout.session.completed", Order(user_id=user.id).session()))
    sound = mp3_of(5000)
    announced = {
        "feature": "audio_upload",
        "filename": "a.mp3",
        "size": len(sound),
        "content_type": "audio/mpeg",
    }
    headers = {**user.auth, "Content-Type": "application/json"}
    begun = boot("files").request(
        "POST", "/api/files", headers=headers, body=json.dumps(announced).encode()
    )
    assert begun.status == 200, begun.json()
    upload = begun.json()["upload"]
    httpx.put(upload["url"], content=sound, headers=upload["headers"]).raise_for_status()
    body = json.dumps({"file_id": begun.json()["file"]["id"]}).encode()
    ended = boot("files").request("POST", f"{path}?action=complete", headers=headers, body=body)
    assert ended.status == 200, ended.json()
    assert ended.json()["file"]["status"] == "done"
    assert ended.json()["balance"] == STARTER_CREDITS - 2


@pytest.mark.parametrize("path", ["/api/cron", "/api/reconcile"])
def test_the_built_jobs_run_for_the_scheduler_alone(
    boot: Boot, stack: RunningStack, path: str
) -> None:
    cron = boot("cron")
    for job in ("reconcile", "cleanup"):
        asked = cron.request("GET", f"{path}?job={job}")
        assert (asked.status, asked.json()["error"]["code"]) == (401, "unauthorized")
    secret = {"Authorization": f"Bearer {stack.cron_secret}"}
    reconciled = cron.request("GET", f"{path}?job=reconcile", headers=secret)
    assert (reconciled.status, reconciled.json()["complete"]) == (200, True), cron.output()
    cleaned = cron.request("GET", f"{path}?job=cleanup", headers=secret)
    assert (cleaned.status, cleaned.json()["complete"]) == (200, True), cron.output()
    assert cron.request("GET", f"{path}?job=other", headers=secret).status == 404
