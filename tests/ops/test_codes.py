"""make codes: shows, makes once, adds, and loses no code."""

from __future__ import annotations

import secrets
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from api._lib.credits.codes import hash_of
from local.stack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ops.conftest import Operator
    from tests.ops.forked import Outcome


@pytest.fixture
def fair() -> dict[str, str]:
    """Return the settings of a campaign that nobody has made."""
    return {
        "CAMPAIGN": f"fair-{secrets.token_hex(6)}",
        "NAME": "Book fair",
        "CREDITS": "50",
        "COUNT": "3",
        "WHO": "ann",
    }


def stored(operator: Operator, fair: dict[str, str]) -> list[str]:
    """Return the hashes of a campaign's codes."""
    with operator.stack.connect() as database:
        rows = database.execute(
            "select encode(code_hash, 'hex') as hash from credit_codes where campaign_id = %s",
            [fair["CAMPAIGN"]],
        ).fetchall()
    return [row["hash"] for row in rows]


def codes_in(outcome: Outcome) -> list[str]:
    """Return the codes that were printed."""
    return [line for line in outcome.text.splitlines() if line.count("-") == 3 and len(line) == 19]


def redeemed(operator: Operator, code: str) -> tuple[int, Any]:
    answer = operator.stack.post(
        "/api/redeem", json={"code": code}, headers=operator.stack.sign_up().auth
    )
    return answer.status_code, answer.json().get("credits")


def test_without_apply_nothing_is_made(operator: Operator, fair: dict[str, str]) -> None:
    shown = operator.run("codes", **fair, DAYS="90", UNTIL="2099-12-31", NEW="1")
    assert shown.status == 0
    assert "Nothing is written" in shown.text
    assert "3 codes" in shown.text
    assert "to 2100-01-01T00:00:00+00:00" in shown.text
    assert "bought nothing yet" in shown.text
    assert stored(operator, fair) == []


def test_codes_are_printed_once_and_work(operator: Operator, fair: dict[str, str]) -> None:
    made = operator.run("codes", **fair, APPLY="1")
    assert made.status == 0, made.text
    codes = codes_in(made)
    assert sorted(hash_of(code) or "" for code in codes) == sorted(stored(operator, fair))
    assert len(codes) == 3
    assert redeemed(operator, codes[0]) == (200, 50)
    assert redeemed(operator, codes[0])[0] == 404
    # The same terms add codes.
    assert len(codes_in(operator.run("codes", **fair, APPLY="1"))) == 3
    assert len(stored(operator, fair)) == 6


def test_a_file_of_codes_is_its_owners_and_is_never_overwritten(
    operator: Operator, fair: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "codes.csv"
    made = operator.run("codes", **fair, APPLY="1", OUT=str(path))
    assert made.status == 0, made.text
    assert codes_in(made) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_text("utf-8")
    assert sorted(hash_of(code) or "" for code in content.split()) == sorted(stored(operator, fair))
    again = operator.run("codes", **fair, APPLY="1", OUT=str(path))
    assert again.status == 1
    assert "No code was made" in again.text
    assert path.read_text("utf-8") == content
    assert len(stored(operator, fair)) == 3


def test_a_refused_campaign_leaves_no_file(
    operator: Operator, fair: dict[str, str], tmp_path: Path
) -> None:
    assert operator.run("codes", **fair, APPLY="1").status == 0
    path = tmp_path / "codes.csv"
    other = operator.run("codes", **{**fair, "CREDITS": "51"}, APPLY="1", OUT=str(path))
    assert other.status == 1
    assert "other terms" in other.text
    assert not path.exists()


def test_one_word_works_for_everybody_once(operator: Operator, fair: dict[str, str]) -> None:
    word = f"WELCOME{secrets.token_hex(4)}"
    made = operator.run("codes", **{**fair, "COUNT": "", "CODE": word}, APPLY="1")
    assert made.status == 0, made.text
    assert [redeemed(operator, word.lower()) for _ in range(2)] == [(200, 50)] * 2
    again = operator.run("codes", **{**fair, "COUNT": "", "CODE": word}, APPLY="1")
    assert (again.status, "exists already" in again.text) == (1, True)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"CAMPAIGN": ""}, "Say at least"),
        ({"WHO": ""}, "Say at least"),
        ({"COUNT": ""}, "Give COUNT"),
        ({"CODE": "WELCOME"}, "Give COUNT"),
        ({"COUNT": "", "CODE": "ab"}, "CODE has 4 to 64"),
        ({"COUNT": "10001"}, "COUNT is from 1 to 10,000"),
        ({"COUNT": "many"}, "invalid int value"),
        ({"UNTIL": "tomorrow"}, "invalid"),
        ({"CREDITS": "-5"}, "These terms are not valid"),
        ({"CAMPAIGN": "Not a word"}, "These terms are not valid"),
        ({"DAYS": "100000000000"}, "These terms are not valid"),
    ],
)
def test_what_makes_no_sense_is_said_and_makes_nothing(
    operator: Operator, fair: dict[str, str], wrong: dict[str, str], sentence: str
) -> None:
    settings = {**fair, **wrong}
    outcome = operator.run("codes", **settings, APPLY="1")
    assert outcome.status in {1, 2}
    assert sentence in " ".join(outcome.text.split())
    assert stored(operator, settings) == []


def test_make_takes_the_name_of_a_campaign_only_from_its_command_line() -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "codes", "NAME=Book fair"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "NAME": "this-machine"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert 'NAME="$NAME"' in shown.stdout
    shown = subprocess.run(
        ["make", "--dry-run", "codes"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "NAME": "this-machine"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "$NAME" not in shown.stdout
