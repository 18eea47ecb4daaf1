"""Whatever comes in, what goes out is as described, tells nothing, and moves no credits unasked.

A fault comes with the line that repeats it (print_blob). PURSE_FUZZ_TIMES=20 looks for longer.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from api._lib.http import MAX_QUERY_FIELDS
from local.stack import running_stack
from tests.http.forgeries import (
    SESSION_TYPES,
    TYPES,
    altered_tokens,
    broken_events,
    means_the_same,
)
from tests.http.fuzzed import DESCRIPTION, Fuzzed, parsed
from tests.http.mischief import BODIES, PATHS, QUERIES, parameters, requests
from tests.http.raw import Sent
from tests.support import Order, RunningStack, event, sign

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = ("Content-Type", b"application/json")
TIMES = int(os.environ.get("PURSE_FUZZ_TIMES", "1"))
ANY = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    """A stack on which a user may order as often as a fuzzer does."""
    state = tmp_path_factory.mktemp("fuzz")
    environ = {"ORDERS_PER_MINUTE": "1000"}
    with running_stack(state, environ=environ, report=lambda _line: None) as running:
        stack = RunningStack(**asdict(running))
        with stack.connect() as database:
            fuzzed = Fuzzed(stack, state, database)
            fuzzed.buy()
            yield fuzzed


@settings(ANY, max_examples=1000 * TIMES)
@given(sent=requests())
def test_a_stranger_changes_nothing(fuzzed: Fuzzed, sent: Sent) -> None:
    before = fuzzed.ledger()
    fuzzed.answer(sent)
    assert fuzzed.ledger() == before


@settings(ANY, max_examples=300 * TIMES)
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


@settings(ANY, max_examples=250 * TIMES)
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


@settings(ANY, max_examples=300 * TIMES)
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


@settings(ANY, max_examples=250 * TIMES)
@given(body=BODIES)
def test_signed_nonsense_is_refused_and_changes_nothing(fuzzed: Fuzzed, body: bytes) -> None:
    before = fuzzed.ledger()
    assert fuzzed.signed(body).status in {400, 413}
    assert fuzzed.ledger() == before


@settings(ANY, max_examples=1000 * TIMES)
@given(broken=broken_events())
def test_a_broken_event_is_applied_whole_ignored_or_left_to_stripe(
    fuzzed: Fuzzed, broken: dict[str, Any]
) -> None:
    """Left to Stripe, by a 500 on purpose, is only what names an order of ours.

    See test_an_order_edited_at_stripe_is_never_acknowledged: a payment must not be lost in silence.
    """
    before = fuzzed.ledger()
    answer = fuzzed.signed(json.dumps(broken).encode())
    after = fuzzed.ledger()
    schema = DESCRIPTION.body_schema("/api/webhook")
    if not DESCRIPTION.accepts(schema, broken) or broken["livemode"]:
        assert answer.status == 400
    elif not _names_an_order(broken):
        assert (answer.status, json.loads(answer.body)["outcome"]) == (200, "ignored")
    else:
        assert answer.status in {200, 500}
        if json.loads(answer.body).get("outcome") == "ignored":
            assert not _is_marked_ours(broken, fuzzed.project)
    if answer.status == 200:
        assert after["deliveries"] == before["deliveries"] + 1
    else:
        assert after == before
    if answer.status != 200 or json.loads(answer.body)["outcome"] != "applied":
        assert (after["purchases"], after["total"]) == (before["purchases"], before["total"])


@settings(ANY, max_examples=150 * TIMES)
@given(seed=st.integers(0, 2**32), at=st.integers(0, 3000), bit=st.integers(0, 7))
def test_one_bit_of_a_signed_body_and_it_is_nobodys(
    fuzzed: Fuzzed, seed: int, at: int, bit: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    order = Order(package_name="P" * rng.randint(1, 80))
    genuine = json.dumps(event(rng.choice(TYPES), order.session())).encode()
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


def _names_an_order(broken: dict[str, Any]) -> bool:
    metadata = broken["data"]["object"].get("metadata")
    return broken["type"] in TYPES and isinstance(metadata, dict) and "purse_order_id" in metadata


def _is_marked_ours(broken: dict[str, Any], project: str) -> bool:
    stripe_object = broken["data"]["object"]
    bought = broken["type"] not in SESSION_TYPES or stripe_object.get("mode") == "payment"
    return bought and stripe_object["metadata"].get("purse_project") == project
