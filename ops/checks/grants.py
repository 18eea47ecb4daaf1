"""Whether grants, row level security and triggers are as ops/access.py lists them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api._lib.desk.findings import Finding
from ops.access import FUNCTIONS, SCHEMAS, TABLES, TRIGGERS, VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def check_access(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare grants with ops/access.py; tables and functions that are not ours are ignored."""
    cases = [
        *_schema_cases(data["schemas"]),
        *_table_cases(data["tables"]),
        *_function_cases(data["functions"]),
    ]
    cases += [
        f"{_short(table)}: row level security is off"
        for table in data["unprotected_tables"]
        if table in TABLES
    ]
    cases += _trigger_cases(data["triggers"])
    if not cases:
        yield Finding(
            "ok", "Schemas, tables and functions are granted as sql/ says, and no further."
        )
        return
    yield Finding(
        "WRONG",
        "A grant or a trigger is not what sql/ says. Somebody may read or do what they must not, or"
        " the functions cannot work.",
        "make migrate puts grants, row level security and triggers back as sql/ says.",
        cases,
    )


def _schema_cases(granted: Mapping[str, list[str]]) -> Iterator[str]:
    for schema, users in SCHEMAS.items():
        if schema not in granted:
            yield f"{schema}: is missing; make migrate"
            continue
        actual = set(granted[schema])
        for role in sorted(actual - users):
            yield f"{schema}: {role} may use it; revoke all on schema {schema} from {role};"
        for role in sorted(users - actual):
            yield f"{schema}: {role} may not use it; grant usage on schema {schema} to {role};"


def _table_cases(granted: Mapping[str, Mapping[str, list[str]]]) -> Iterator[str]:
    for name, readers in (TABLES | VIEWS).items():
        table, actual = _short(name), granted.get(name, {})
        for role in sorted(readers - {role for role, what in actual.items() if "SELECT" in what}):
            yield f"{table}: {role} may not read it; grant select on {table} to {role};"
        for role, privileges in actual.items():
            allowed = {"SELECT"} if role in readers else set()
            excess = ", ".join(sorted(set(privileges) - allowed)).lower()
            if excess:
                yield f"{table}: {role} may {excess}; revoke {excess} on {table} from {role};"


def _function_cases(granted: Mapping[str, list[str]]) -> Iterator[str]:
    for name, callers in FUNCTIONS.items():
        function = _short(name)
        if name not in granted:
            yield f"{function}(): is missing; make migrate"
            continue
        actual = set(granted[name])
        for role in sorted(actual - callers):
            yield (
                f"{function}(): {role} may call it; revoke execute on function {function} from"
                f" public, {role};"
            )
        for role in sorted(callers - actual):
            yield (
                f"{function}(): {role} may not call it; grant execute on function {function} to"
                f" {role};"
            )


def _trigger_cases(modes: Mapping[str, str]) -> Iterator[str]:
    for name, mode in TRIGGERS.items():
        table, _, trigger = name.rpartition(".")
        if name not in modes:
            yield f"{_short(table)}: the trigger {trigger} is missing; restore it from sql/"
        elif modes[name] != mode:
            yield (
                f"{_short(table)}: the trigger {trigger} does not fire always; alter table"
                f" {_short(table)} enable always trigger {trigger};"
            )


def _short(name: str) -> str:
    """Return a name as one writes it in the SQL editor, whose search path includes public."""
    return name.removeprefix("public.")
