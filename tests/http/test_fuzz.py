"""Any request gets a described answer that leaks nothing, and moves no credits unasked.

A failure prints the line that repeats it. `make soak` draws thousands of requests.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from api._lib.payments.facts import EVENTS
from api._lib.web.http import MAX_QUERY_FIELDS
from local.stack import running_stack
from tests.http.forgeries import altered_tokens, broken_events, means_the_same
from tests.http.fuzzed import DESCRIPTION, Fuzzed, parsed
from tests.http.genuine import REFUND_TYPES, REVERSAL_TYPES, SESSION_TYPES, genuine_events
from tests.http.mischief import BODIES, PATHS, QUERIES, parameters, requests
from tests.http.raw import Sent
from tests.profiles import examples
from tests.stripe_events import LEDGER_ID, sign
from tests.support import RunningStack

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = ("Content-Type", b"application/json")
_REVERSAL_ID = re.compile(r"(re|du)_[0-9a-f]{24}")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """A stack with a limit of orders that a fuzzer does not reach."""
    state = tmp_path_factory.mktemp("fuzz")
    environ = {"ORDERS_PER_MINUTE": "1000"}
    with running_stack(state, environ=environ, report=lambda _line: None) as running:
        stack = RunningStack.of(running)
        with stack.connect() as database:
            fuzzed = Fuzzed(stack, state, database)
            fuzzed.buy()
            yield fuzzed


@settings(max_examples=examples(cost=2))
@given(sent=requests())
def test_a_stranger_changes_nothing(fuzzed: Fuzzed, sent: Sent) -> None:
    before = fuzzed.ledger()
    fuzzed.answer(sent)
    assert fuzzed.ledger() == before


@settings(max_examples=examples(cost=4))
@given(data=st.data(), path=st.sampled_from(["/api/credits", "/api/create-checkout-session"]))
def test_no_token_but_the_genuine_one_is_let_in(
    fuzzed: Fuzzed, data: st.DataObject, path: str
) -> None:
    genuine = fuzzed.user.access_token
    token = data.draw(altered_tokens(genuine))
    assume(not means_the_same(token, genuine))
    before = fuzzed.ledger()
    sent = Sent(
        "POST" if "POST" in DESCRIPTION.methods(path) else "GET",
        path,
        headers=[("Authorization", f"Bearer {token}".encode("latin-1", "replace")), JSON],
        body=b'{"package_type": "starter"}',
    )
    answer = fuzzed.answer(sent)
    assert answer is None or answer.status == 401
    assert fuzzed.ledger() == before


@settings(max_examples=examples(cost=8))
@given(asked=parameters())
def test_credits_takes_what_is_described_and_refuses_the_rest(
    fuzzed: Fuzzed, asked: tuple[str, bool]
) -> None:
    query, described = asked
    before = fuzzed.ledger()
    authorization = fuzzed.user.auth["Authorization"].encode()
    sent = Sent("GET", "/api/credits", query=query, headers=[("Authorization", authorization)])
    answer = fuzzed.answer(sent)
    assert answer is not None
    assert answer.status == (200 if described else 400)
    assert fuzzed.ledger() == before


@settings(max_examples=examples(cost=4))
@given(body=BODIES, query=QUERIES)
@example(body=b'{"package_type": "starter", "unit_amount": 1}', query="unit_amount=1")
@example(body=b'{"package_type": "nothing_on_sale"}', query="")
@example(body=b'{"package_type": "starter\\n"}', query="")
def test_checkout_takes_what_is_described_and_gives_no_credits(
    fuzzed: Fuzzed, body: bytes, query: str
) -> None:
    before = fuzzed.ledger()
    authorization = fuzzed.user.auth["Authorization"].encode()
    sent = Sent(
        "POST",
        "/api/create-checkout-session",
        query=query,
        headers=[("Authorization", authorization), JSON],
        body=body,
    )
    answer = fuzzed.answer(sent)
    assert answer is not None
    described = DESCRIPTION.accepts(DESCRIPTION.body_schema(sent.path), parsed(body))
    if described and query.count("&") < MAX_QUERY_FIELDS:
        assert answer.status in {200, 404, 429}
    else:
        assert answer.status in {400, 413}
    after = fuzzed.ledger()
    ordered = {"purchases": before["purchases"] + (answer.status == 200)}
    assert after == {**before, **ordered}


@settings(max_examples=examples(cost=8))
@given(body=BODIES)
def test_signed_nonsense_is_refused_and_changes_nothing(fuzzed: Fuzzed, body: bytes) -> None:
    before = fuzzed.ledger()
    assert fuzzed.signed(body).status in {400, 413}
    assert fuzzed.ledger() == before


@settings(max_examples=examples(cost=4))
@given(data=st.data())
def test_a_genuine_event_is_applied(fuzzed: Fuzzed, data: st.DataObject) -> None:
    genuine = data.draw(genuine_events([fuzzed.bought]))
    answer = fuzzed.signed(json.dumps(genuine).encode())
    assert (answer.status, json.loads(answer.body)["outcome"]) == (200, "applied")
    _assert_recorded_whole(fuzzed, genuine)
    fuzzed.ledger()


@settings(max_examples=examples())
@given(data=st.data())
def test_a_broken_event_is_applied_whole_ignored_or_left_to_stripe(
    fuzzed: Fuzzed, data: st.DataObject
) -> None:
    """Only an event that may concern one of our orders gets a 500, so that Stripe retries it.

    See test_an_order_edited_at_stripe_is_never_acknowledged: a payment must not be lost in silence.
    """
    broken = data.draw(broken_events([fuzzed.bought]))
    described = DESCRIPTION.accepts(DESCRIPTION.body_schema("/api/webhook"), broken)
    known = fuzzed.row("stripe_events", broken["id"]) if described else None
    before = fuzzed.ledger()
    fuzzed.logged_meanwhile()
    answer = fuzzed.signed(json.dumps(broken).encode())
    logged = fuzzed.logged_meanwhile()
    after = fuzzed.ledger()
    outcome = json.loads(answer.body).get("outcome")
    assert "unexpected" not in logged
    if not described or broken["livemode"]:
        assert answer.status == 400
    elif answer.status == 500:
        assert _may_be_ours(broken)
        assert f"event {broken['id']} {broken['type']}: not recorded: " in logged
    elif known is not None:
        assert (answer.status, outcome) == (200, "duplicate")
    elif outcome == "ignored":
        assert not _is_ours(broken, fuzzed)
    else:
        assert (answer.status, outcome) == (200, "applied")
        _assert_recorded_whole(fuzzed, broken)
    if answer.status == 200:
        assert after["deliveries"] == before["deliveries"] + 1
    else:
        assert after == before
    if outcome != "applied":
        assert {**after, "deliveries": 0} == {**before, "deliveries": 0}


@settings(max_examples=examples(cost=10))
@given(told=genuine_events(), at=st.integers(0, 3000), bit=st.integers(0, 7))
def test_one_bit_of_a_signed_body_and_it_is_nobodys(
    fuzzed: Fuzzed, told: dict[str, Any], at: int, bit: int
) -> None:
    genuine = json.dumps(told).encode()
    signature = sign(genuine, fuzzed.stack.stripe_webhook_secret)
    forged = bytearray(genuine)
    forged[at % len(forged)] ^= 1 << bit
    sent = Sent(
        "POST",
        "/api/webhook",
        headers=[("Stripe-Signature", signature.encode())],
        body=bytes(forged),
    )
    before = fuzzed.ledger()
    answers = [fuzzed.answer(sent), fuzzed.answer(replace(sent, chunked=True))]
    assert [answer and answer.status for answer in answers] == [400, 400]
    assert fuzzed.ledger() == before


@pytest.mark.parametrize("path", PATHS)
def test_no_log_line_holds_a_secret(fuzzed: Fuzzed, path: str) -> None:
    authorization = fuzzed.user.auth["Authorization"].encode()
    for method in ("GET", "POST"):
        fuzzed.answer(Sent(method, path, headers=[("Authorization", authorization)]))
    assert not fuzzed.secrets_in(fuzzed.logged())


def _may_be_ours(broken: dict[str, Any]) -> bool:
    """Whether an event may concern our orders, so that it must not be ignored."""
    stripe_object = broken["data"]["object"]
    if broken["type"] in REVERSAL_TYPES:
        return stripe_object.get("payment_intent", "missing") is not None
    metadata = stripe_object.get("metadata")
    return broken["type"] in EVENTS and isinstance(metadata, dict) and "purse_order_id" in metadata


def _is_ours(broken: dict[str, Any], fuzzed: Fuzzed) -> bool:
    """Whether it certainly concerns our orders: the one bought here, or one of our ledger."""
    stripe_object = broken["data"]["object"]
    if broken["type"] not in REFUND_TYPES and stripe_object.get("livemode") is True:
        return False  # the ledger is a test ledger
    if not _may_be_ours(broken) or broken["type"] in REVERSAL_TYPES:
        return _may_be_ours(broken)
    if broken["type"] in SESSION_TYPES and stripe_object.get("mode") != "payment":
        return False
    metadata = stripe_object["metadata"]
    return (
        metadata.get("purse_ledger_id") == LEDGER_ID
        or metadata["purse_order_id"] == fuzzed.bought.order_id
    )


def _assert_recorded_whole(fuzzed: Fuzzed, told: dict[str, Any]) -> None:
    """Assert that the database has what an event says about a reversal or a new order."""
    stripe_object = told["data"]["object"]
    if told["type"] in REVERSAL_TYPES:
        if not _REVERSAL_ID.fullmatch(stripe_object["id"]):
            return  # another event may have had the same
        row = fuzzed.row("purchase_reversals", stripe_object["id"])
        intent = stripe_object["payment_intent"]
        said = {
            "amount": stripe_object["amount"],
            "currency": stripe_object["currency"],
            "status": stripe_object["status"] or "pending",
            "payment_intent_id": intent["id"] if isinstance(intent, dict) else intent,
        }
    else:
        row = fuzzed.row("purchases", stripe_object["metadata"]["purse_order_id"])
        said = {
            name: type_(stripe_object["metadata"][f"purse_{name}"])
            for name, type_ in (("user_id", UUID), ("credits", int), ("unit_amount", int))
        }
        if row is not None and row["paid_at"] and str(row["id"]) != fuzzed.bought.order_id:
            said["amount_paid"] = stripe_object["amount_total"]
    assert row is not None
    assert {name: row[name] for name in said} == said
    assert [type(row[name]) for name in said] == [type(value) for value in said.values()]
