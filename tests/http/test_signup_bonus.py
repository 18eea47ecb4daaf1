"""SIGNUP_BONUS_CREDITS and LOW_BALANCE_CREDITS, on a site of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from local.stack import running_stack
from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def generous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack that grants 20 credits to new users and calls a smaller balance low."""
    environ = {"SIGNUP_BONUS_CREDITS": "20", "LOW_BALANCE_CREDITS": "20"}
    folder = tmp_path_factory.mktemp("generous")
    with running_stack(folder, environ=environ, report=lambda _line: None) as running:
        yield RunningStack.of(running)


def test_somebody_new_is_given_the_bonus_once(generous: RunningStack) -> None:
    user = generous.sign_up()
    with ThreadPoolExecutor(8) as tabs:
        balances = list(tabs.map(lambda _: generous.balance_of(user), range(8)))
    assert balances == [20] * 8
    body = generous.get("/api/credits", headers=user.auth).json()
    assert [(entry["kind"], entry["description"]) for entry in body["transactions"]] == [
        ("bonus", "Welcome")
    ]


def test_who_has_spent_it_is_not_new_again(generous: RunningStack) -> None:
    user = generous.sign_up()
    assert generous.balance_of(user) == 20
    headers = {**user.auth, "Idempotency-Key": "all"}
    body = {"feature": "docx_processing", "quantity": 4}
    assert generous.post("/api/credits", json=body, headers=headers).json()["balance"] == 0
    assert generous.balance_of(user) == 0


def test_low_is_below_the_deployments_threshold(generous: RunningStack) -> None:
    user = generous.sign_up()

    def low() -> tuple[bool, int]:
        body = generous.get("/api/credits", headers=user.auth).json()
        return body["low"], body["low_threshold"]

    assert low() == (False, 20)
    headers = {**user.auth, "Idempotency-Key": "one"}
    generous.post("/api/credits", json={"feature": "audio_upload"}, headers=headers)
    assert low() == (True, 20)
