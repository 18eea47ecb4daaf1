"""public/purse.js when answers are late, lost or refused for a while: the same key, again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.http.javascript import JavaScript, node
from tests.unit.scripted_server import Exchange, scripted_server

if TYPE_CHECKING:
    from pathlib import Path

SPENT = {"transaction_id": "42", "spent": 5, "balance": 495}
# Pauses of purse.js are noted and take no time. Its time limit of an attempt is longer than any.
NOTED = """
const waits = [];
const timer = globalThis.setTimeout;
const isOurs = () => new Error().stack.includes("/purse.js");
globalThis.setTimeout = (run, ms, ...rest) => {
  const isPause = ms < 30_000 && isOurs();
  if (isPause) waits.push(ms);
  return timer(run, isPause ? 0 : ms, ...rest);
};
const mine = new Purse(env.url, { accessToken: () => "token", ...env.options });
const server = new ServerPurse({ supabaseUrl: env.url, secretKey: "sb_secret_x", ...env.options });
"""


class Script:
    """Answers in turn, and keeps the keys that came."""

    def __init__(self, *answers: tuple[int, Any, dict[str, str]] | None) -> None:
        self.answers = list(answers)
        self.keys: list[str | None] = []

    def __call__(self, exchange: Exchange) -> tuple[int, bytes] | None:
        """Give the next answer; None closes the connection."""
        body = json.loads(exchange.body) if exchange.body else {}
        self.keys.append(exchange.headers.get("Idempotency-Key") or body.get("p_idempotency_key"))
        answer = self.answers.pop(0)
        if answer is None:
            return None
        status, content, headers = answer
        exchange.extra_headers = headers
        return status, content if isinstance(content, bytes) else json.dumps(content).encode()


def refusal(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "Please try again."}}


OK = (200, SPENT, {})
BUSY = (503, refusal("busy"), {"Retry-After": "1"})
LIMITED = (429, refusal("too_many_attempts"), {"Retry-After": "7"})
LOCKED = (500, {"code": "55P03", "details": None, "message": "lock not available"}, {})


@pytest.fixture
def js(tmp_path: Path) -> JavaScript:
    """Node.js."""
    return node(tmp_path)


def run(js: JavaScript, script: Script, body: str, **options: Any) -> Any:
    with scripted_server(script) as answering:
        return js.run(NOTED + body, {"url": answering.url, "options": options})


SPEND = 'return { result: await outcome(mine.spend("docx_processing")), waits };'
SERVER_SPEND = 'return { result: await outcome(server.spend("docx_processing", "u")), waits };'
NULL_KEY = SPEND.replace('"docx_processing"', '"docx_processing", { idempotencyKey: null }')


@pytest.mark.parametrize(
    ("answers", "waits"),
    [
        ((BUSY, OK), [1000]),
        ((LIMITED, OK), [7000]),
        ((BUSY, LIMITED, BUSY, OK), [1000, 7000, 1000]),
        ((None, None, OK), [500, 1000]),
        (((504, b"", {}), OK), [500]),
    ],
)
def test_a_spend_is_repeated_with_its_key_after_the_time_it_is_told(
    js: JavaScript, answers: tuple[Any, ...], waits: list[int]
) -> None:
    script = Script(*answers)
    found = run(js, script, SPEND)
    assert found == {"result": {**SPENT, "replayed": False}, "waits": waits}
    assert len(script.keys) == len(answers)
    assert len(set(script.keys)) == 1
    assert script.keys[0]


@pytest.mark.parametrize("first", [LOCKED, None, (503, {"code": "PGRST003"}, {})])
def test_a_server_repeats_what_the_database_refuses_for_a_while(js: JavaScript, first: Any) -> None:
    script = Script(first, OK)
    assert run(js, script, SERVER_SPEND) == {"result": SPENT, "waits": [500]}
    assert len(set(script.keys)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (503, refusal("payments_disabled"), {"Retry-After": "300"}),
        (429, refusal("too_many_declines"), {"Retry-After": "3600"}),
    ],
)
def test_a_wait_beyond_the_patience_is_left_to_the_caller(js: JavaScript, answer: Any) -> None:
    script = Script(answer)
    found = run(js, script, SPEND)
    assert found["waits"] == []
    assert found["result"]["kind"] == "UnavailableError"
    assert found["result"]["retryAfterSeconds"] == int(answer[2]["Retry-After"])
    assert found["result"]["idempotencyKey"] == script.keys[0]


def test_without_patience_nothing_is_repeated(js: JavaScript) -> None:
    found = run(js, Script(None), SPEND, patienceSeconds=0)
    assert (found["result"]["code"], found["result"]["status"]) == ("no_answer", 0)
    assert found["result"]["kind"] == "UnavailableError"


@pytest.mark.parametrize("status", [400, 401, 402, 404, 409, 500, 502])
def test_any_other_refusal_is_not_repeated(js: JavaScript, status: int) -> None:
    found = run(js, Script((status, refusal("code"), {})), SPEND)
    assert (found["result"]["status"], found["waits"]) == (status, [])


@pytest.mark.parametrize("status", [500, 502, 520])
@pytest.mark.parametrize("spend", [SPEND, SERVER_SPEND], ids=["page", "server"])
def test_an_answer_of_something_in_between_leaves_the_outcome_unknown(
    js: JavaScript, status: int, spend: str
) -> None:
    """The spend may be booked, so the same key is sent again, and no refusal is told."""
    script = Script((status, b"<html>", {}), OK)
    assert run(js, script, spend)["result"]["transaction_id"] == "42"
    assert len(set(script.keys)) == 1
    result = run(js, Script((status, b"<html>", {})), spend, patienceSeconds=0)["result"]
    assert (result["kind"], result["code"]) == ("UnavailableError", f"http_{status}")


def test_a_key_that_is_null_is_none(js: JavaScript) -> None:
    script = Script(OK, OK)
    run(js, script, NULL_KEY)
    run(js, script, NULL_KEY)
    assert len(set(script.keys) - {"null", None}) == 2


@pytest.mark.parametrize("number", ["9007199254740993", "-9007199254740993"])
def test_a_number_that_javascript_would_round_is_refused(js: JavaScript, number: str) -> None:
    content = json.dumps(SPENT).replace("495", number).encode()
    found = run(js, Script((200, content, {})), SPEND)
    assert found["result"]["code"] == "inexact_number"


def test_the_largest_exact_number_and_digits_in_a_text_are_taken(js: JavaScript) -> None:
    answer = {**SPENT, "balance": 2**53 - 1, "transaction_id": '9"007199254740993\\'}
    found = run(js, Script((200, answer, {})), SPEND)
    assert found["result"] == {**answer, "replayed": False}


def test_a_caller_may_stop_waiting(js: JavaScript) -> None:
    found = run(
        js,
        Script(BUSY),
        """
        const stop = new AbortController();
        globalThis.setTimeout = (run, ms, ...rest) =>
          ms === 1000 && isOurs() ? stop.abort(new RangeError("closed")) : timer(run, ms, ...rest);
        const late = await outcome(mine.spend("docx_processing", { signal: stop.signal }));
        const never = await outcome(mine.spend("docx_processing", { signal: stop.signal }));
        return { late, never };
        """,
    )
    assert [error["kind"] for error in found.values()] == ["RangeError", "RangeError"]


def test_an_attempt_that_takes_too_long_ends(js: JavaScript) -> None:
    found = js.run(
        """
        const fetch = (_url, { signal }) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
        const options = { fetch, timeoutSeconds: 0, patienceSeconds: 0 };
        return outcome(new Purse("https://nowhere.example", options).balance());
        """
    )
    assert (found["kind"], found["code"]) == ("UnavailableError", "no_answer")


def test_a_capture_without_an_answer_keeps_the_hold(js: JavaScript) -> None:
    hold = {"hold_id": "h", "credits": 5, "status": "held", "expires_at": "", "replayed": False}
    script = Script((200, hold, {}), None)
    found = run(
        js,
        script,
        'return outcome(server.paid("docx_processing", "u", () => 1));',
        patienceSeconds=0,
    )
    assert found["code"] == "no_answer"
    assert len(script.keys) == 2


def test_the_secret_key_is_refused_in_a_browser(js: JavaScript) -> None:
    found = js.run(
        """
        globalThis.document = {};
        return outcome((async () => new ServerPurse({ supabaseUrl: "x", secretKey: "y" }))());
        """
    )
    assert "never be in a browser" in found["message"]
