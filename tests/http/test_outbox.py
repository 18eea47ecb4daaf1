"""Events reach the app's endpoints: signed, in order, at least once, whatever the receivers do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from local.stack import running_services
from tests import shop
from tests.receiver import SECRET, Receiver, accept, receiver
from tests.support import RunningStack, User, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.stack import Running


@pytest.fixture(scope="module")
def app() -> Iterator[Receiver]:
    """The app's first endpoint."""
    with receiver() as running:
        yield running


@pytest.fixture(scope="module")
def books() -> Iterator[Receiver]:
    """A second endpoint."""
    with receiver("/books?from=purse") as running:
        yield running


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, app: Receiver, books: Receiver
) -> Iterator[Running]:
    """A stack that tells both."""
    environ = {
        "EVENTS_URL": app.url,
        "EVENTS_SECRET": SECRET,
        "EVENTS_URL_2": books.url,
        "EVENTS_SECRET_2": f"whsec_{'A' * 43}=,{SECRET}",
    }
    folder = tmp_path_factory.mktemp("telling")
    with running_services(folder, environ=environ, report=lambda _line: None) as running:
        yield running


@pytest.fixture(scope="module")
def telling(running: Running) -> RunningStack:
    """The stack, with what tests do to it."""
    return RunningStack.of(running.stack)


@pytest.fixture(autouse=True)
def _calm(app: Receiver, books: Receiver, telling: RunningStack) -> Iterator[None]:
    yield
    app.answer = books.answer = accept
    due_now(telling)
    deliver(telling)


def deliver(stack: RunningStack) -> dict[str, Any]:
    answer = stack.scheduled("/api/deliver")
    answer.raise_for_status()
    report: dict[str, Any] = answer.json()
    return report


def due_now(stack: RunningStack) -> None:
    """Let the time pass for which deliveries that failed must wait."""
    with stack.connect() as database:
        database.execute(
            "update outbox_deliveries set due_at = now() where delivered_at is null"
            " and parked_at is null"
        )


def grant(stack: RunningStack, user: User, credits_: int, key: str) -> None:
    with stack.connect() as database:
        database.execute(
            "select grant_credits(%s, %s, 'bonus', 'ann', 'because', %s)", [user.id, credits_, key]
        )


def balances(events: list[dict[str, Any]]) -> list[int]:
    return [event["data"]["balance"] for event in events]


def test_a_purchase_arrives_right_after_its_webhook_at_both_endpoints(
    telling: RunningStack, app: Receiver, books: Receiver
) -> None:
    user = telling.sign_up()
    shop.buy(telling, user)
    for endpoint in (app, books):
        (event,) = until(lambda e=endpoint: e.of(user.id), "the event")
        assert event["type"] == "credits.purchased"
        assert (event["data"]["credits"], event["data"]["balance"]) == (500, 500)
        assert event["id"].startswith("evt_")
        assert endpoint.refused == []


def test_a_low_balance_and_a_refund_arrive_by_the_schedule(
    telling: RunningStack, app: Receiver
) -> None:
    user = telling.sign_up()
    session_id = shop.buy(telling, user)
    headers = {**user.auth, "Idempotency-Key": "most of it"}
    body = {"feature": "docx_processing", "quantity": 98}
    telling.post("/api/credits", json=body, headers=headers).raise_for_status()
    shop.refund(telling, session_id, 400)
    until(lambda: telling.balance_of(user) < 0, "the refund")
    deliver(telling)
    # The webhook's own delivery may still be under way.
    until(lambda: len(app.of(user.id)) >= 4, "four events")
    assert [event["type"] for event in app.of(user.id)] == [
        "credits.purchased",
        "credits.low",
        "credits.depleted",
        "purchase.refunded",
    ]


def test_without_the_scheduler_s_secret_nothing_is_delivered(telling: RunningStack) -> None:
    answer = telling.get("/api/deliver")
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}),
        (404, {}),
        (429, {"Retry-After": "1"}),
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}),
        None,
    ],
    ids=["error", "not found", "too many", "redirect", "closed"],
)
def test_what_is_not_accepted_is_sent_again_with_the_same_id(
    telling: RunningStack, app: Receiver, books: Receiver, answer: Any
) -> None:
    user = telling.sign_up()
    app.answer = lambda _event: answer
    grant(telling, user, 10, "first")
    grant(telling, user, 10, "second")
    deliver(telling)
    # The second waits for the first, and the other endpoint for nobody.
    assert balances(app.of(user.id)) == [10]
    assert balances(books.of(user.id)) == [10, 20]
    app.answer = accept
    due_now(telling)
    deliver(telling)
    first, again, second = app.of(user.id)
    assert first == again
    assert balances([again, second]) == [10, 20]


def test_a_receiver_that_is_gone_gets_no_second_attempt(
    telling: RunningStack, app: Receiver
) -> None:
    user = telling.sign_up()
    app.answer = lambda _event: (410, {})
    grant(telling, user, 10, "first")
    deliver(telling)
    app.answer = accept
    due_now(telling)
    deliver(telling)
    assert balances(app.of(user.id)) == [10]


def test_a_receiver_that_hangs_holds_nobody_else_up(
    telling: RunningStack, app: Receiver, books: Receiver
) -> None:
    released = threading.Event()

    def hang(_event: dict[str, Any]) -> tuple[int, dict[str, str]]:
        released.wait(60)
        return 204, {}

    users = [telling.sign_up() for _ in range(3)]
    app.answer = hang
    for user in users:
        grant(telling, user, 10, "first")
    try:
        report = deliver(telling)
    finally:
        released.set()
    assert report["failed"] == len(users)
    assert [balances(books.of(user.id)) for user in users] == [[10]] * 3


def test_many_runners_deliver_each_event_once_and_in_order(
    telling: RunningStack, app: Receiver, books: Receiver
) -> None:
    users = [telling.sign_up() for _ in range(10)]
    for user in users:
        for number in range(5):
            grant(telling, user, 1, str(number))
    with ThreadPoolExecutor(6) as runners:
        list(runners.map(lambda _: deliver(telling), range(6)))
    for endpoint in (app, books):
        assert [balances(endpoint.of(user.id)) for user in users] == [[1, 2, 3, 4, 5]] * 10


def test_a_runner_that_is_killed_loses_nothing(
    running: Running, telling: RunningStack, app: Receiver, books: Receiver
) -> None:
    users = [telling.sign_up() for _ in range(4)]
    for user in users:
        for number in range(3):
            grant(telling, user, 1, str(number))
    arrived, released = threading.Event(), threading.Event()

    def wait(event: dict[str, Any]) -> tuple[int, dict[str, str]]:
        if event["data"]["balance"] == 2:
            arrived.set()
            released.wait(60)
        return 204, {}

    app.answer = wait
    with ThreadPoolExecutor(1) as runner:
        killed = runner.submit(deliver, telling)
        assert arrived.wait(60)
        running.services["site"].kill_worker()
        assert killed.exception(timeout=60) is not None
    released.set()
    app.answer = accept
    until(lambda: telling.get("/api/health").is_success or None, "the next worker")
    due_now(telling)
    deliver(telling)
    for endpoint in (app, books):
        for user in users:
            # At least once, and in order once what came twice is left out.
            events = {event["id"]: event for event in endpoint.of(user.id)}
            assert balances(list(events.values())) == [1, 2, 3]
    with telling.connect() as database:
        row = database.execute(
            "select count(*) as events from outbox_events where user_id = any(%s::uuid[])",
            [[user.id for user in users]],
        ).fetchone()
    assert row is not None
    assert row["events"] == 3 * len(users)


def test_a_payload_holds_nothing_personal(telling: RunningStack, app: Receiver) -> None:
    user = telling.sign_up()
    shop.buy(telling, user)
    (event,) = until(lambda: app.of(user.id), "the event")
    assert user.email not in str(event)
