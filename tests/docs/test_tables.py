"""Lists in the docs are complete: settings, events, endpoints, error codes, tables."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from api._lib.errors import NotConfiguredError
from api._lib.payments.facts import EVENTS
from api._lib.settings import load
from local.stack import ROOT
from tests.docs.pages import Block, blocks, read, section

if TYPE_CHECKING:
    import psycopg

API = ROOT / "docs/api.md"
ARCHITECTURE = ROOT / "docs/architecture.md"
DEPLOYING = ROOT / "docs/deploying.md"
TROUBLESHOOTING = ROOT / "docs/troubleshooting.md"
MADE_BY_VERCEL = {"VERCEL_PROJECT_PRODUCTION_URL"}


def settings_read() -> set[str]:
    """Return every variable that load() looks at."""

    class Recording(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:
            self[name] = default
            return default

    asked = Recording()
    with contextlib.suppress(NotConfiguredError):
        load(asked)
    return set(asked) - MADE_BY_VERCEL


def sources() -> str:
    """Return the text of the functions and of sql/."""
    paths = [*(ROOT / "api").rglob("*.py"), *(ROOT / "sql").glob("*.sql")]
    return "".join(path.read_text("utf-8") for path in paths)


def test_the_table_of_variables_explains_every_setting() -> None:
    table = section(DEPLOYING, "Variables")
    assert settings_read() <= set(re.findall(r"`([A-Z][A-Z0-9_]+)`", table))


def test_the_example_environment_is_complete() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    named = set(re.findall(r"[A-Z]{3,}(?:_[A-Z0-9]+)+", example))
    given = set(re.findall(r"^([A-Z0-9_]+)=", example, re.MULTILINE))
    assert settings_read() == named | given


def test_the_events_are_the_ones_we_handle() -> None:
    (to_enable,) = (block for block in blocks("text") if block.page == DEPLOYING)
    rows = re.findall(
        r"^\| (`[a-z_.]+`.*?) \|", section(API, "What Stripe's events do"), re.MULTILINE
    )
    explained = set(re.findall(r"`([a-z_.]+\.[a-z_.]+)`", "\n".join(rows)))
    assert set(to_enable.lines) == set(EVENTS) == explained


def test_the_table_of_endpoints_is_complete() -> None:
    rows = re.findall(r"^\| `(GET|POST|DELETE) (/api/[a-z/-]+)`", read(API), re.MULTILINE)
    description = json.loads((ROOT / "public/openapi.json").read_text("utf-8"))
    described = {
        (method.upper(), path) for path, item in description["paths"].items() for method in item
    }
    assert set(rows) == described


def test_every_error_code_is_one_we_give() -> None:
    rows = re.findall(r"^\| \d{3} .*", "\n".join((read(API), read(TROUBLESHOOTING))), re.MULTILINE)
    cells = [row.split("|")[1:3] for row in rows]
    codes = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", str(cells))) - {"cron_secret"}
    known = sources()
    assert {code for code in codes if not re.search(rf"""["']{code}["']""", known)} == set()
    assert codes >= {"insufficient_credits", "idempotency_key_reused", "event_not_recorded"}


def test_every_state_of_the_database_is_one_that_health_reports() -> None:
    states = re.findall(
        r"^\| `(.+?)` \|", section(TROUBLESHOOTING, "`/api/health` is not ok"), re.MULTILINE
    )
    health = (ROOT / "api/health.py").read_text("utf-8")
    assert len(states) == 5
    assert [state for state in states if f'"{state}"' not in health] == []


def test_the_table_of_tables_is_complete(database: psycopg.Connection[dict[str, Any]]) -> None:
    named = re.findall(r"^\| `(\w+)` \|", section(ARCHITECTURE, "Tables"), re.MULTILINE)
    rows = database.execute(
        """
        select table_name from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE'
        """
    )
    assert sorted(named) == sorted(row["table_name"] for row in rows)


def test_the_finding_that_is_shown_is_one_that_doctor_gives() -> None:
    (shown,) = (block for block in blocks("text") if block.lines[0].startswith("WRONG"))
    checks = "".join(path.read_text("utf-8") for path in (ROOT / "ops/checks").glob("*.py"))
    assert _sentence(shown) in checks


def _sentence(shown: Block) -> str:
    return shown.lines[0].removeprefix("WRONG").strip()
