"""Decode form parameters: `line_items[0][price_data][currency]=usd` becomes nested data."""

from __future__ import annotations

import re
from typing import TypeAlias
from urllib.parse import parse_qsl

from local.stripe.api.errors import InvalidParameterError

# A text, or names (list indices included) with a tree each.
Tree: TypeAlias = "str | dict[str, Tree]"

MAX_PAIRS = 1000
MAX_DEPTH = 8
NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
PART = re.compile(r"\[([^\[\]]*)\]")


def decode(text: str) -> dict[str, Tree]:
    """Decode a query string or form body.

    Raises:
        InvalidParameterError: It is malformed, has more than MAX_PAIRS parameters, or is nested
            deeper than MAX_DEPTH.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PAIRS, errors="strict")
    except ValueError as problem:
        raise InvalidParameterError("The request's parameters could not be read.") from problem
    tree: dict[str, Tree] = {}
    for name, value in pairs:
        _place(tree, _parts(name), value)
    return tree


def _parts(name: str) -> list[str]:
    match = NAME.fullmatch(name)
    if match is None:
        raise InvalidParameterError(f"Invalid parameter name: {name}", param=name)
    parts = [match[1], *PART.findall(match[2])]
    if len(parts) > MAX_DEPTH:
        raise InvalidParameterError(f"Parameter nested too deeply: {name}", param=name)
    return parts


def _place(tree: dict[str, Tree], parts: list[str], value: str) -> None:
    level = tree
    for part in parts[:-1]:
        below = level.setdefault(part, {})
        if isinstance(below, str):
            raise InvalidParameterError(f"Invalid object: {part}", param=parts[0])
        level = below
    last = parts[-1]
    # `expand[]=a&expand[]=b` appends. A name cannot be both a text and an object.
    key = last or str(len(level))
    if isinstance(level.get(key), dict):
        raise InvalidParameterError(f"Invalid value for {parts[0]}", param=parts[0])
    level[key] = value
