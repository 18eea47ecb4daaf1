"""`make run` in copies of the tree, as in a fresh clone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from local.environment import Stack
from local.services import is_alive
from local.stack import ROOT
from tests.stripe_events import Order, event
from tests.support import RunningStack, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# What `make run` needs, and nothing else of the tree.
PATHS = (
    *("api", "examples", "local", "ops", "public", "server", "sql"),
    *(".python-version", "Makefile", "requirements.txt", "vercel.json"),
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the tree that uses our installed packages."""
    return copy_tree(tmp_path / "checkout")


def copy_tree(to: Path) -> Path:
    to.mkdir()
    for name in PATHS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to / name)
    (to / ".venv").symlink_to(ROOT / ".venv")
    return to


@contextmanager
def running(checkout: Path, *arguments: str) -> Iterator[tuple[RunningStack, Path]]:
    """Run `make run`; stop it as Ctrl-C does, and check that no process is left."""
    log = checkout / "run.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            ["make", "run", *arguments],
            cwd=checkout,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment(),
        )
    try:
        until(
            lambda: "Ctrl-C" in log.read_text() or process.poll() is not None, "make run is ready"
        )
        assert process.poll() is None, log.read_text()
        stack = json.loads((checkout / ".local" / "stack.json").read_text())
        children = psutil.Process(process.pid).children(recursive=True)
        yield RunningStack.of(Stack(**stack)), log
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
    assert not [child for child in children if is_alive(child)]


def environment(**more: str) -> dict[str, str]:
    kept = ("PATH", "HOME", "PYENV_ROOT", "LANG")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, **more}


def sentence(checkout: Path, *arguments: str, **environ: str) -> str:
    """Run `make run`, which must fail with one sentence; return the sentence."""
    done = subprocess.run(
        ["make", "run", *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(**environ),
    )
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def sign_in(stack: RunningStack) -> dict[str, str]:
    response = httpx.post(
        f"{stack.supabase_url}/auth/v1/token?grant_type=password",
        headers={"apikey": stack.publishable_key},
        json={"email": stack.demo_email, "password": stack.demo_password},
    )
    response.raise_for_status()
    session: dict[str, Any] = response.json()
    return {"id": session["user"]["id"], "Authorization": f"Bearer {session['access_token']}"}


def balance(stack: RunningStack) -> int:
    headers = {"Authorization": sign_in(stack)["Authorization"]}
    amount: int = stack.get("/api/credits", headers=headers).json()["balance"]
    return amount


def forget_password(stack: RunningStack) -> None:
    response = httpx.post(
        f"{stack.supabase_url}/auth/v1/recover",
        headers={"apikey": stack.publishable_key},
        json={"email": stack.demo_email},
    )
    response.raise_for_status()


def links_in_mails(stack: RunningStack) -> list[str]:
    mails = httpx.get(f"{stack.mailbox_url}/api/mails", params={"to": stack.demo_email}).json()
    links = [link for mail in mails["mails"] for link in mail["links"]]
    # The shop's own mails have links, too.
    return [link for link in links if "/auth/v1/verify" in link]


def test_it_prints_its_addresses_keeps_balances_and_mails_and_can_be_reset(checkout: Path) -> None:
    with running(checkout, "EMPTY=1") as (stack, log):
        said = log.read_text()
        logins = (stack.demo_email, stack.demo_password, stack.admin_email, stack.admin_password)
        for needed in (stack.site_url, *logins, f"{stack.site_url}/admin", "4242", "Ctrl-C"):
            assert needed in said
        assert stack.mailbox_url in said
        assert stack.mailbox_url in httpx.get(f"{stack.stripe_api_base}/_sim").text
        forget_password(stack)
        [link] = links_in_mails(stack)
        assert httpx.get(link).headers["location"].startswith(f"{stack.site_url}#access_token=")
        assert stack.get("/").status_code == 200
        order = Order(user_id=sign_in(stack)["id"])
        stack.deliver(event("checkout.session.completed", order.session()))
        assert balance(stack) == 500
    with running(checkout) as (again, _):
        assert again == stack
        assert balance(again) == 500
        assert links_in_mails(again) == [link]
    with running(checkout, "RESET=1", "EMPTY=1") as (anew, _):
        assert balance(anew) == 0
        assert links_in_mails(anew) == []


def test_the_first_start_gives_the_demo_user_a_history_and_the_second_keeps_it(
    checkout: Path,
) -> None:
    with running(checkout) as (stack, log):
        assert "six weeks of history" in log.read_text()
        left = balance(stack)
        assert left > 1000
    with running(checkout) as (again, log):
        assert "six weeks of history" not in log.read_text()
        assert balance(again) == left


def test_two_checkouts_run_side_by_side(checkout: Path, tmp_path: Path) -> None:
    with (
        running(checkout) as (first, _),
        running(copy_tree(tmp_path / "second")) as (second, _),
    ):
        assert first.site_url != second.site_url
        assert first.get("/api/health").status_code == 200
        assert second.get("/api/health").status_code == 200


def test_what_a_crash_left_running_is_stopped_first(checkout: Path) -> None:
    process = subprocess.Popen(
        [ROOT / ".venv/bin/python", "-m", "local"],
        cwd=checkout,
        stdout=subprocess.DEVNULL,
        env=environment(),
    )
    pids = checkout / ".local" / "pids.json"
    stack_file = checkout / ".local" / "stack.json"
    until(lambda: stack_file.exists() and stack_file.read_text(), "the first run is up")
    left = [psutil.Process(int(pid)) for pid in json.loads(pids.read_text())]
    process.kill()
    process.wait()
    assert all(is_alive(each) for each in left)
    with running(checkout) as (stack, _):
        assert stack.get("/api/health").status_code == 200
        assert not [each for each in left if is_alive(each)]


def test_an_occupied_port_is_one_sentence(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        said = sentence(checkout, f"PORT={port}")
    assert said == (
        f"purse: Port {port} is in use. Stop the program that uses it, or choose another port: "
        f"make run PORT={port + 10}"
    )


def test_an_invalid_port_is_one_sentence(checkout: Path) -> None:
    assert "PORT must be a number" in sentence(checkout, "PORT=http")


def test_a_folder_that_cannot_be_written_is_one_sentence(checkout: Path) -> None:
    (checkout / ".local").write_text("in the way")
    assert "Cannot write to" in sentence(checkout)


def test_no_suitable_python_is_one_sentence(checkout: Path) -> None:
    """Every Python is older than version 99."""
    (checkout / ".venv").unlink()
    script = checkout / "ops" / "venv.sh"
    script.write_text(script.read_text().replace("(3, 11)", "(99, 0)"))
    assert "Python 3.11 or newer" in sentence(checkout)


def test_a_second_run_in_one_checkout_is_one_sentence(checkout: Path) -> None:
    with running(checkout):
        assert "running already" in sentence(checkout)
