"""web/http.py: bodies and errors, and data that must not be answered or logged."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client

from api._lib.errors import ConflictError, PurseError, TooManyAttemptsError
from api._lib.web.http import Request, Response, endpoint
from tests.faulty import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "somebody@example.com"


def client(handler: Callable[[Request], Response], **more: Any) -> Client:
    return Client(endpoint(post=handler, **more))


def raising(error: Exception) -> Callable[[Request], Response]:
    def handler(_request: Request) -> Response:
        raise error

    return handler


def test_an_error_becomes_its_status_code_and_sentence() -> None:
    answer = client(raising(TooManyAttemptsError(7))).post("/")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"
    assert answer.get_json() == {
        "error": {
            "code": "too_many_attempts",
            "message": "Too many attempts. Please try again in 7 s.",
        }
    }


def test_an_unexpected_exception_tells_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "purse"):
        answer = client(raising(ValueError(SECRET))).post("/")
    assert answer.status_code == 500
    assert answer.get_json()["error"]["code"] == "internal_error"
    assert SECRET not in answer.get_data(as_text=True)
    assert SECRET not in caplog.text
    assert "ValueError" in caplog.text
    assert "test_http.py" in caplog.text


def test_every_error_has_a_code_and_a_sentence() -> None:
    def kinds(base: type[PurseError]) -> list[type[PurseError]]:
        return [base, *(kind for child in base.__subclasses__() for kind in kinds(child))]

    for kind in kinds(PurseError):
        assert kind.code == kind.code.lower()
        assert 400 <= kind.status < 600
    assert ConflictError().message.endswith(".")


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_body_within_the_limit_arrives_byte_for_byte(size: int) -> None:
    body = bytes(range(256))[:size]
    answer = client(lambda request: Response(list(request.body)), max_body_bytes=100).post(
        "/", data=body
    )
    assert bytes(answer.get_json()) == body


@pytest.mark.parametrize("length", ["101", "9" * 5000, "-1", "1e3", "0x10", "²"])
def test_a_content_length_over_the_limit_or_absurd_is_refused_unread(length: str) -> None:
    body = io.BytesIO(b"x")
    statuses: list[str] = []
    endpoint(post=lambda _request: Response({}), max_body_bytes=100)(
        {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": length, "wsgi.input": body},
        lambda status, _headers, *_: statuses.append(status),
    )
    assert statuses[0].split()[0] in {"400", "413"}
    assert body.tell() == 0


def test_a_body_that_breaks_off_is_the_clients_fault_not_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class ServersOwnError(Exception):
        pass

    class Broken(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise ServersOwnError(SECRET)

    answer = client(lambda _: Response({})).post(
        "/", input_stream=Broken(), headers={"Transfer-Encoding": "chunked"}
    )
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "invalid_request")
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []
    assert SECRET not in caplog.text


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_an_answer_that_cannot_be_sent_is_a_500_and_starts_once(
    fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A server cannot replace an answer that has started."""
    started: list[str] = []
    content = endpoint(get=lambda _request: FAULTS[fault])(
        {"REQUEST_METHOD": "GET"},
        lambda status, _headers, *_: started.append(status),
    )
    assert started == ["500 Internal Server Error"]
    assert b"internal_error" in b"".join(content)
    assert "unexpected" in caplog.text


def test_a_head_answer_has_the_length_of_a_get_and_no_body() -> None:
    application = Client(endpoint(get=lambda _request: Response({"a": 1})))
    answer = application.head("/")
    assert answer.headers["Content-Length"] == application.get("/").headers["Content-Length"]
    assert answer.get_data() == b""


def test_answers_are_not_stored_unless_they_say_so() -> None:
    assert client(lambda _: Response({})).post("/").headers["Cache-Control"] == "no-store"
    cacheable = client(lambda _: Response({}, headers={"Cache-Control": "public"}))
    assert cacheable.post("/").headers["Cache-Control"] == "public"


@pytest.mark.parametrize("text", ["Zoë", "你好", "🙂", "a\ud800b", "\x7f\u2028"])
def test_an_answer_is_utf8_and_any_text_survives(text: str) -> None:
    answer = client(lambda _: Response({"text": text})).post("/")
    assert answer.get_json() == {"text": text}
    if text.isprintable():
        assert answer.get_data() == f'{{"text":"{text}"}}'.encode()
