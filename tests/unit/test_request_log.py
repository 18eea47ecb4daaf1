"""The log's line for each request, and the headers that go with it."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from api._lib.errors import TooManyAttemptsError
from api._lib.request_log import DATABASE, STRIPE, Measuring, note
from api._lib.web.http import Response, endpoint

if TYPE_CHECKING:
    from api._lib.web.http import Request

SECRET = "ada@example.com"


@pytest.fixture(autouse=True)
def _informing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "purse")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the lines about requests, without other messages."""
    return [json.loads(text) for text in caplog.messages if text.startswith("{")]


def test_a_request_is_one_line_with_ids_an_outcome_and_times(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(_request: Request) -> Response:
        note(user_id="u-1", event_id="evt_1", outcome="applied")
        with Measuring(DATABASE):
            pass
        with Measuring(STRIPE):
            pass
        return Response({})

    answer = Client(endpoint(post=handler)).post("/api/thing?email=" + SECRET, data=SECRET)
    (line,) = lines(caplog)
    assert line.pop("request_id") == answer.headers["X-Request-Id"]
    spent = line.pop("ms")
    assert line == {
        "method": "POST",
        "path": "/api/thing",
        "status": 200,
        "outcome": "applied",
        "user_id": "u-1",
        "event_id": "evt_1",
    }
    assert set(spent) == {"total", "python", "database", "stripe"}
    assert spent["total"] >= spent["python"] >= 0
    assert SECRET not in caplog.text


def test_server_timing_names_each_part() -> None:
    def handler(_request: Request) -> Response:
        with Measuring(DATABASE):
            pass
        return Response({})

    timing = Client(endpoint(get=handler)).get("/").headers["Server-Timing"]
    number = r"\d+\.\d"
    assert re.fullmatch(f"total;dur={number}, python;dur={number}, database;dur={number}", timing)


def test_a_measured_call_within_another_is_counted_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(100))
    monkeypatch.setattr("api._lib.request_log.time.perf_counter", lambda: float(next(seconds)))

    def handler(_request: Request) -> Response:
        with Measuring(STRIPE), Measuring(STRIPE):
            pass
        return Response({})

    Client(endpoint(get=handler)).get("/")
    (line,) = lines(caplog)
    # The clock is a second later each time: at the start, twice around the call, at the end.
    assert line["ms"] == {"total": 3000.0, "python": 2000.0, "stripe": 1000.0}


def test_a_refusal_is_named_by_its_code(caplog: pytest.LogCaptureFixture) -> None:
    def handler(_request: Request) -> Response:
        raise TooManyAttemptsError(7)

    Client(endpoint(get=handler)).get("/")
    (line,) = lines(caplog)
    assert (line["status"], line["outcome"]) == (429, "too_many_attempts")


def test_an_unexpected_exception_has_the_id_of_its_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(_request: Request) -> Response:
        raise ValueError(SECRET)

    answer = Client(endpoint(get=handler)).get("/")
    (line,) = lines(caplog)
    assert (line["status"], line["outcome"]) == (500, "internal_error")
    assert f"request {answer.headers['X-Request-Id']}: unexpected ValueError" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("fra1::iad1::abcde-1700000000000-0123456789ab", True),
        ("", False),
        ("x" * 129, False),
        ("a b", False),
        ('a","status":200,"b":"', False),
    ],
)
def test_the_platforms_id_is_taken_if_it_looks_like_one(
    caplog: pytest.LogCaptureFixture, given: str, *, kept: bool
) -> None:
    application = Client(endpoint(get=lambda _request: Response({})))
    answer = application.get("/", headers={"X-Vercel-Id": given})
    request_id = answer.headers["X-Request-Id"]
    assert (request_id == given) is kept
    assert kept or re.fullmatch("[0-9a-f]{16}", request_id)
    assert lines(caplog)[0]["request_id"] == request_id


def test_a_note_of_one_request_is_not_in_the_next(caplog: pytest.LogCaptureFixture) -> None:
    def handler(request: Request) -> Response:
        if request.query:
            note(user_id="u-1")
        return Response({})

    application = Client(endpoint(get=handler))
    application.get("/?first=1")
    application.get("/")
    note(user_id="u-2")  # outside of a request: nobody's
    with Measuring(DATABASE):
        pass
    assert [line.get("user_id") for line in lines(caplog)] == ["u-1", None]
