"""The site's own log: a line for each request, and nothing personal in it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from local.stack import Running
    from tests.support import RunningStack, User


@pytest.fixture
def log(running: Running) -> Path:
    """The site's log file."""
    return running.services["site"].log


@pytest.fixture
def user(stack: RunningStack) -> User:
    """Somebody who has just signed up."""
    return stack.sign_up()


def line_of(log: Path, answer: httpx.Response) -> dict[str, Any]:
    """Return the log's line for the request that got this answer."""
    request_id = answer.headers["x-request-id"]
    (line,) = (
        found
        for found in log.read_text("utf-8").splitlines()
        if found.startswith("{") and request_id in found
    )
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_an_events_line_has_its_id_type_outcome_and_times(stack: RunningStack, log: Path) -> None:
    user = stack.sign_up()
    paid = event("checkout.session.completed", Order(user_id=user.id).session())
    for outcome in ("applied", "duplicate"):
        answer = stack.deliver(paid)
        line = line_of(log, answer)
        assert line.pop("request_id")
        spent = line.pop("ms")
        assert line == {
            "method": "POST",
            "path": "/api/webhook",
            "status": 200,
            "outcome": outcome,
            "event_id": paid["id"],
            "event_type": "checkout.session.completed",
        }
        assert set(spent) == {"total", "python", "database"}
        timing = answer.headers["server-timing"]
        assert re.findall(r"(\w+);dur=[\d.]+", timing) == ["total", "python", "database"]


def test_a_checkouts_line_has_the_user_and_stripes_time(
    stack: RunningStack, user: User, log: Path
) -> None:
    answer = stack.post(
        "/api/create-checkout-session", json={"package_type": "starter"}, headers=user.auth
    )
    line = line_of(log, answer)
    assert (line["user_id"], line["outcome"]) == (user.id, "ok")
    assert line["ms"]["stripe"] > 0
    assert line["ms"]["database"] > 0


def test_a_refusal_has_its_code_and_nothing_that_was_sent(
    stack: RunningStack, user: User, log: Path
) -> None:
    answer = stack.post(
        f"/api/create-checkout-session?email={user.email}",
        json={"package_type": "no_such_pack", "email": user.email},
        headers=user.auth,
    )
    line = line_of(log, answer)
    assert (line["status"], line["outcome"]) == (404, "unknown_package")
    text = log.read_text("utf-8")
    assert user.email not in text
    assert user.access_token not in text


@pytest.mark.parametrize("path", ["/api/credits", "/api/credits/export"])
def test_a_search_and_a_session_are_not_in_the_log(
    stack: RunningStack, user: User, log: Path, path: str
) -> None:
    secret = f"searched-{user.id[:8]}"
    answer = stack.get(f"{path}?q={secret}&cursor=7&user={user.email}", headers=user.auth)
    assert answer.status_code == 200
    assert line_of(log, answer)["path"].startswith("/api/credits")
    text = log.read_text("utf-8")
    assert not [each for each in (secret, user.email, user.access_token) if each in text]
