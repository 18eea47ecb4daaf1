"""public/openapi.json describes what is under api/, all of it and nothing else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from api._lib import __version__
from local.stack import ROOT
from server.app import address_of, function_files
from tests.openapi import Description
from tests.raised import raised, refused_by_the_database
from tests.unit.functions import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DESCRIPTION = Description()
REWRITES = json.loads((ROOT / "vercel.json").read_text("utf-8"))["rewrites"]
# Address -> the function and query that answer it.
ENDPOINTS = {
    **{address_of(path): address_of(path) for path in function_files()},
    **{rule["source"]: rule["destination"] for rule in REWRITES},
}
# Without a job or an action it answers 404 to everybody, so there is nothing to describe.
del ENDPOINTS["/api/cron"], ENDPOINTS["/api/purchases"]
MODULES = {address_of(path): path for path in function_files()}
# A fault of ours, and an action that does not exist: neither belongs to a described operation.
NOT_DESCRIBED = {(500, "internal_error"), (404, "not_found")}
# Refusals of SQL functions that no endpoint calls with a client's input.
ONLY_IN_PROCESS = {
    (400, "charge_out_of_bounds"),
    (404, "unknown_refund"),
    (409, "lease_lost"),
    (409, "account_deleted"),
    (409, "hold_captured"),
    (409, "month_before_books"),
    (409, "month_not_over"),
    (422, "invalid_month"),
    (422, "unknown_timezone"),
    (422, "unsigned"),
}


def test_every_endpoint_is_described_and_nothing_else() -> None:
    assert sorted(DESCRIPTION.paths) == sorted(ENDPOINTS)


@pytest.mark.parametrize("address", ENDPOINTS)
def test_every_method_is_described_and_no_other(address: str) -> None:
    name = ENDPOINTS[address].removeprefix("/api/").partition("?")[0]
    answer = client(name).open(ENDPOINTS[address], method="OPTIONS")
    assert set(answer.headers["Allow"].split(", ")) == DESCRIPTION.methods(address)


def test_it_is_of_this_version() -> None:
    assert DESCRIPTION.document["info"]["version"] == __version__


def test_every_error_it_describes_is_one_that_the_endpoint_gives() -> None:
    refusals = refused_by_the_database()
    for path, item in DESCRIPTION.paths.items():
        for operation in item.values():
            described = _errors(operation)
            assert described
            assert described <= raised(_module(path)) | refusals, path


def test_every_error_that_an_endpoint_gives_is_described() -> None:
    described = {
        error
        for item in DESCRIPTION.paths.values()
        for operation in item.values()
        for error in _errors(operation)
    }
    given = {error for path in ENDPOINTS for error in raised(_module(path))}
    assert given | refused_by_the_database() == described | NOT_DESCRIBED | ONLY_IN_PROCESS


def test_every_operation_says_what_it_refuses() -> None:
    for path, item in DESCRIPTION.paths.items():
        for operation in item.values():
            described = set(operation["responses"])
            assert {"200", "400", "405", "413", "503"} <= described, path
            bearer = operation["security"] in ([{"accessToken": []}], [{"cronSecret": []}])
            assert ("401" in described) == bearer, path


def test_its_references_lead_somewhere_and_all_its_components_are_used() -> None:
    text = json.dumps(DESCRIPTION.document)
    used = set(re.findall(r'"\$ref": "#/components/([a-zA-Z]+/[a-zA-Z]+)"', text))
    used |= {f"securitySchemes/{name}" for name in re.findall(r'"security": \[{"(\w+)"', text)}
    there = {
        f"{kind}/{name}"
        for kind, components in DESCRIPTION.document["components"].items()
        for name in components
    }
    assert used == there


def test_its_schemas_are_json_schema() -> None:
    for schema in DESCRIPTION.document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def _module(path: str) -> Path:
    """Return the file of the function that answers a path."""
    return MODULES[ENDPOINTS[path].partition("?")[0]]


def _errors(operation: dict[str, Any]) -> set[tuple[int, str]]:
    """Return status and code of each error that an operation describes."""
    return {
        (int(status), code)
        for status, response in operation["responses"].items()
        if int(status) >= 400
        for node in _nodes(DESCRIPTION.resolve(response))
        if (named := node.get("properties", {}).get("code"))
        for code in named.get("enum", [named.get("const")])
        if isinstance(code, str)
    }


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        yield from _nodes(child)
