"""What a pack is worth to its buyer: public/js/store/pack-worth.js, run by Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from local.stack import ROOT
from tests.support import cannot_run

MODULE = (ROOT / "public/js/store/pack-worth.js").as_uri()
SEED = [
    {"id": "starter", "credits": 500, "unit_amount": 499, "currency": "usd"},
    {"id": "creator", "credits": 1500, "unit_amount": 1499, "currency": "usd"},
    {"id": "professional", "credits": 3500, "unit_amount": 2999, "currency": "usd"},
]
FEATURES = [
    {"id": "audio", "credits": 2},
    {"id": "text", "credits": 3},
    {"id": "document", "credits": 5},
    {"id": "export", "credits": 15},
]


def call(function: str, *arguments: Any) -> Any:
    node = shutil.which("node")
    if node is None:
        cannot_run("no Node.js here: pack-worth.js was not tested")
    script = f"""
    import {{ {function} }} from {json.dumps(MODULE)};
    console.log(JSON.stringify({function}(...{json.dumps(arguments)})));
    """
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def best_of(packs: list[dict[str, Any]]) -> list[str]:
    return [pack["id"] for pack in packs if call("isBestValue", pack, packs)]


def pack(name: str, credits_: int, unit_amount: int, currency: str = "usd") -> dict[str, Any]:
    return {"id": name, "credits": credits_, "unit_amount": unit_amount, "currency": currency}


@pytest.mark.parametrize(
    ("packs", "best"),
    [
        (SEED, ["professional"]),
        (SEED[:2], ["starter"]),  # Creator costs a little more for each credit
        (SEED[:1], []),
        ([pack("a", 500, 500), pack("b", 1500, 1500)], []),
        ([pack("a", 500, 500), pack("b", 1500, 1499), pack("c", 3000, 2998)], []),
        ([*SEED, pack("offer", 20000, 9900, "eur")], []),
        ([*SEED, pack("offer", 20000, 9900)], ["offer"]),
        ([pack("a", 999_999_999, 99_999_999), pack("b", 333_333_333, 33_333_333)], []),
    ],
    ids=[
        *("the seed", "the smallest", "one alone", "a tie of all", "a tie of the best"),
        *("another currency", "an offer", "a tie of the largest numbers"),
    ],
)
def test_the_best_value_is_cheaper_than_every_other(
    packs: list[dict[str, Any]], best: list[str]
) -> None:
    assert best_of(packs) == best


def uses(credits_: int, packs: list[dict[str, Any]] = SEED) -> list[tuple[str, int]]:
    return [(use["id"], use["n"]) for use in call("usesOf", credits_, FEATURES, packs)]


def test_a_number_without_remainder_comes_first_and_the_dearest_of_these() -> None:
    assert uses(500) == [("document", 100), ("audio", 250), ("export", 33), ("text", 166)]
    assert uses(1500) == [("document", 300), ("audio", 750), ("export", 100), ("text", 500)]


def test_what_the_credits_do_not_pay_for_is_left_out() -> None:
    assert uses(4) == [("audio", 2), ("text", 1)]
    assert uses(0) == uses(-10) == []


@pytest.mark.parametrize(
    ("balance", "after"),
    [
        (10, {"balance": 510, "owed": 0, "paid": 0, "left": 510}),
        (0, {"balance": 500, "owed": 0, "paid": 0, "left": 500}),
        (-490, {"balance": 10, "owed": 490, "paid": 490, "left": 10}),
        (-500, {"balance": 0, "owed": 500, "paid": 500, "left": 0}),
        (-700, {"balance": -200, "owed": 700, "paid": 500, "left": 0}),
    ],
)
def test_debts_are_paid_off_first(balance: int, after: dict[str, int]) -> None:
    assert call("afterwards", 500, balance) == after
