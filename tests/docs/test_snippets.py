"""Every snippet of the docs does what the page says, taken from the page itself."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from api._lib.desk.grant_files import read_lines
from local.environment import functions_settings
from local.stack import ROOT
from tests.database.ledger import record
from tests.database.purse import Purse
from tests.docs.pages import LIVING, Block, blocks, name_of, spans
from tests.docs.snippets import (
    NOT_CODE,
    NOT_RUN,
    RUN,
    SITE,
    Example,
    examples,
    same_shape,
    shown_answers,
)
from tests.stripe_events import Order

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from tests.docs.conftest import Node
    from tests.support import RunningStack

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
PYTEST = "pytest_plugins"


def name_of_example(example: Example) -> str:
    return example.block.name


# Nothing is left out --------------------------------------------------------------------------


def test_every_block_is_run_or_is_no_code() -> None:
    assert {block.language for block in blocks()} == {*RUN, *NOT_CODE}


def test_every_answer_that_is_shown_belongs_to_a_snippet() -> None:
    assert set(blocks("json")) == set(shown_answers())


def test_every_line_of_a_shell_is_run_or_says_why_not() -> None:
    lines = [line for block in blocks("sh") for line in block.lines]
    # tests/database/test_backup.py runs pg_dump and psql.
    run = ("make ", "curl ", "gunicorn ", "git rm ", "pg_dump ", "psql ")
    assert {line for line in lines if not line.startswith(run)} == set(NOT_RUN)


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("csv"), ids=lambda block: block.name)
def test_a_file_of_grants_is_read_without_a_fault(block: Block) -> None:
    lines = read_lines(block.text)
    assert lines
    assert [each.fault for each in lines] == [None] * len(lines)


# Shell ----------------------------------------------------------------------------------------


def commands() -> list[str]:
    """Return every make command that the docs name, in blocks and in sentences."""
    named = [line for block in blocks("sh") for line in block.lines]
    named += [span for page in LIVING for span in spans(page)]
    return sorted({command for command in named if re.match(r"make \w", command)})


@pytest.mark.parametrize("command", commands())
def test_a_make_command_exists_with_its_variables(command: str) -> None:
    target = command.split()[1]
    assert re.search(rf"^{target}:.*## ", MAKEFILE, re.MULTILINE), target
    for variable in re.findall(r"\b([A-Z_]+)=", command):
        assert re.search(rf"\b{variable}\b", MAKEFILE), variable


@pytest.mark.parametrize("example", examples("sh", starting="curl"), ids=name_of_example)
def test_a_curl_command_answers_as_shown(
    stack: RunningStack, shell: dict[str, str], example: Example
) -> None:
    for line in example.block.lines:
        done = subprocess.run(
            ["bash", "-c", line.replace(SITE, stack.site_url)],
            env=shell,
            capture_output=True,
            check=True,
        )
        answer = json.loads(done.stdout)
        if example.answer:
            assert same_shape(json.loads(example.answer.text), answer), answer
        else:
            assert "error" not in answer


# JavaScript -----------------------------------------------------------------------------------

TELL_DATA = """
if (typeof error !== "undefined" && error) throw new Error(JSON.stringify(error));
if (typeof data !== "undefined") tell(data);
"""


@pytest.mark.parametrize("example", examples("js"), ids=name_of_example)
def test_a_javascript_snippet_is_answered_as_shown(node: Node, example: Example) -> None:
    answers, told = node.run(example.block.text + TELL_DATA)
    assert answers
    assert [answer for answer in answers if "error" in answer] == []
    if example.answer:
        (answer,) = answers
        # supabase-js shapes the answer into `data`, which is what the page shows.
        shown = told[0] if told else answer
        assert same_shape(json.loads(example.answer.text), shown), shown


def balance_of(page: str) -> Block:
    """Return the page's snippet that reads the balance."""
    (block,) = (b for b in blocks("js") if name_of(b.page) == page and "user_credits" in b.text)
    return block


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_a_person_without_a_row_has_no_credits(node: Node, stack: RunningStack, page: str) -> None:
    script = balance_of(page).text + "tell({ balance, held });"
    _, told = node.run(script)
    assert told == [{"balance": 495, "held": 0}]
    _, told = replace(node, user=stack.sign_up()).run(script)
    assert told == [{"balance": 0, "held": 0}]


def test_a_user_may_not_write_their_balance(node: Node) -> None:
    _, told = node.run("""
        const table = supabase.from("user_credits");
        for (const write of [
          table.update({ balance: 10 ** 6 }).eq("user_id", userId),
          table.insert({ user_id: userId, balance: 10 ** 6 }),
          table.upsert({ user_id: userId, balance: 10 ** 6 }),
          table.delete().eq("user_id", userId),
        ]) {
          const { error, status } = await write;
          tell([status, error.code, error.message]);
        }
    """)
    assert told == [[403, "42501", "permission denied for table user_credits"]] * 4


# Python ---------------------------------------------------------------------------------------


PRELUDE = """
import sys
from types import SimpleNamespace

user = SimpleNamespace(id=sys.argv[1])
document = "a document"
process = print
"""


def pythons(*, tests: bool) -> list[Block]:
    return [block for block in blocks("python") if (PYTEST in block.text) is tests]


@pytest.mark.parametrize("block", pythons(tests=False), ids=lambda block: block.name)
def test_a_python_snippet_charges_or_gives_back(
    stack: RunningStack, database: psycopg.Connection[dict[str, Any]], block: Block
) -> None:
    purse = Purse(database)
    purse.buy(500)
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + block.text, purse.user_id],
        cwd=ROOT,
        env={"NO_PROXY": "127.0.0.1", **functions_settings(stack)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    gives_back = "release(" in block.text
    assert done.stdout == ("a document\n" if "process(document)" in block.text else "")
    assert purse.balance == purse.available == (500 if gives_back else 495)


@pytest.mark.parametrize("block", pythons(tests=True), ids=lambda block: block.name)
def test_a_test_for_ones_own_webhook_passes(block: Block, tmp_path: Path) -> None:
    test = tmp_path / "test_snippet.py"
    test.write_text(block.text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", tmp_path, test],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


# SQL ------------------------------------------------------------------------------------------


VERBS = "(?:select|alter|insert|update|delete)"


def statements() -> list[str]:
    """Return every statement that the docs name, in blocks and in sentences."""
    named = [line for block in lines_of_sql() for line in block.lines]
    named += [span for page in LIVING for span in spans(page)]
    return sorted({line for line in named if re.match(f"{VERBS} ", line)})


def lines_of_sql() -> list[Block]:
    """Return the blocks of SQL, but those that tests/books/test_queries.py runs as a whole."""
    return [block for block in blocks("sql") if block.page.name != "queries.md"]


def test_a_block_of_sql_has_one_statement_a_line() -> None:
    lines = [line for block in lines_of_sql() for line in block.lines]
    assert lines
    assert [line for line in lines if not re.fullmatch(f"{VERBS} .*;", line)] == []


@pytest.mark.parametrize("statement", statements())
def test_a_statement_runs_in_the_dashboards_editor(
    database: psycopg.Connection[dict[str, Any]], statement: str
) -> None:
    with database.transaction(force_rollback=True):
        purse = Purse(database)
        purse.buy(500)
        spent = purse.spend()["transaction_id"]
        mismatch = Order(user_id=purse.user_id)
        record(database, mismatch.facts("paid", amount_subtotal=100))
        database.execute("select sync_outbox('{\"app\": null}')")
        for placeholder, value in (
            ("…user…", purse.user_id),
            ("…guest…", _guest(database)),
            ("…account…", Order().user_id),
            ("…hold…", purse.hold()["hold_id"]),
            ("…order…", mismatch.order_id),
            ("reverse_spend(42,", f"reverse_spend({spent},"),
        ):
            statement = statement.replace(placeholder, value)
        assert "…" not in statement
        database.execute(statement)


def _guest(database: psycopg.Connection[dict[str, Any]]) -> str:
    """Return a user whose purse may move."""
    guest = Purse(database)
    guest.buy(500)
    return guest.user_id


def test_a_page_is_named_where_its_snippets_are() -> None:
    assert {name_of(block.page) for block in blocks()} >= {"README.md", "docs/charging.md"}
