"""Follows the routes of a build's config.json: headers, files, functions, rewrites, error page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.vercel.build import Output


@dataclass
class Route:
    """Where a path leads: a status, headers, and the static file or function that answers.

    query is what a rewrite adds to the request's query.
    """

    status: int = 200
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    target: str | None = None


def follow(output: Output, path: str) -> Route:
    """Resolve a path: routes before the file system, files, rewrites, then the error page."""
    route = Route()
    before, after = _split(output)
    for rule in before:
        match = re.match(rule["src"], path)
        if not match:
            continue
        for name, value in rule.get("headers", {}).items():
            route.headers[name.lower()] = match.expand(value.replace("$", "\\"))
        if not rule.get("continue"):
            route.status = rule["status"]
            return route
    found = _on_disk(output, path)
    if found:
        route.target = found
        return route
    route.status = 404
    for rule in after:
        match = re.match(rule["src"], path)
        if not match or "dest" not in rule:
            continue
        dest, _, query = match.expand(rule["dest"].replace("$", "\\")).partition("?")
        route.target = _on_disk(output, dest)
        if rule.get("check") and route.target:
            # A rewrite: the file system is looked through again with the destination.
            route.status, route.query = 200, query
            return route
    return route


def _split(output: Output) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rules = output.config["routes"]
    at = next(index for index, rule in enumerate(rules) if rule.get("handle") == "filesystem")
    return rules[:at], [rule for rule in rules[at:] if "src" in rule]


def _on_disk(output: Output, path: str) -> str | None:
    name = path.strip("/") or "index"
    for function in (name, f"{name}/index"):
        if function in output.functions:
            return function
    if name in output.static and name not in output.config["overrides"]:
        return name
    clean = {entry["path"]: file for file, entry in output.config["overrides"].items()}
    return clean.get(name)
