"""Parse the query string of a request, as PostgREST does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from local.supabase.rest import conditions, grammar
from local.supabase.rest.errors import RestError, unsupported
from local.supabase.rest.parsing import ParseError, Parser, always, parse
from local.supabase.rest.query import Filter, OrderTerm, Path, Query
from local.supabase.rest.ranges import of_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.supabase.rest.query import Condition

_RESERVED = frozenset({"select", "columns", "on_conflict"})
_RESERVED_ENDINGS = frozenset({"order", "limit", "offset", "and", "or"})
_Pairs = list[tuple[str, str]]


def read_query(query_string: bytes, *, calls_function: bool = False) -> Query:
    """Return what a query string asks for.

    Args:
        query_string: As it was sent, without the question mark.
        calls_function: Whether a parameter without an operator is an argument of a function.

    Raises:
        RestError: PGRST100: a parameter is malformed. 501: conditions are nested very deeply.
    """
    every = _parameters(query_string)
    given: _Pairs = [(key, value) for key, value in every if value is not None]
    try:
        order = tuple(_order(key, value) for key, value in _ending(given, "order"))
        logic = tuple(_logic(key, value) for key, value in _ending(given, "and", "or"))
        columns = _first(given, "columns")
        named = None
        if columns is not None:
            named = _parse(grammar.columns, columns, "columns parameter", columns)
        select_text = _first(given, "select")
        text = "*" if select_text is None else select_text
        select = _parse(grammar.select, text, "select parameter", text)
        left = [(key, value) for key, value in given if _is_filter(key)]
        pairs = [_filter(key, value, calls_function=calls_function) for key, value in left]
    except ParseError as error:
        raise RestError(400, "PGRST100", error.place, details=error.reason) from None
    except RecursionError:
        raise unsupported("conditions that are nested this deeply") from None
    return Query(
        select,
        filters=tuple((path, found) for path, found in pairs if isinstance(found, Filter)),
        logic=logic,
        order=order,
        ranges=of_parameters(dict(_ending(given, "limit")), _offsets(given)),
        arguments=tuple(found for _, found in pairs if not isinstance(found, Filter)),
        columns=frozenset(named) if named else None,
        filtered=frozenset(key for key, _ in left),
        canonical=_canonical(every),
    )


def _parameters(query_string: bytes) -> list[tuple[str, str | None]]:
    """Return the parameters; the value of one without an equals sign is None."""
    found: list[tuple[str, str | None]] = []
    for part in query_string.replace(b";", b"&").split(b"&"):
        if part:
            key, equals, value = part.partition(b"=")
            found.append((_decoded(key), _decoded(value) if equals else None))
    return found


def _decoded(text: bytes) -> str:
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise RestError(400, "PGRST100", "The query string is not UTF-8") from None


def _canonical(parameters: Iterable[tuple[str, str | None]]) -> str:
    """Return the parameters sorted by name, with the values of one name joined by commas."""
    values: dict[str, list[str]] = {}
    for key, value in sorted(parameters, key=lambda pair: pair[0].encode()):
        values.setdefault(key, []).append(value or "")
    return "&".join(
        f"{_encoded(key)}={','.join(_encoded(value) for value in found)}"
        for key, found in values.items()
    )


def _encoded(text: str) -> str:
    # PostgREST encodes the bytes of a UTF-8 text as if each were a character.
    return quote(text.encode().decode("latin-1"), safe="-_.~")


def _ending(given: _Pairs, *endings: str) -> _Pairs:
    return [(key, value) for key, value in given if key.rpartition(".")[2] in endings]


def _offsets(given: _Pairs) -> dict[str, str]:
    return {f"{key[: -len('offset')]}limit": value for key, value in _ending(given, "offset")}


def _first(given: _Pairs, name: str) -> str | None:
    return next((value for key, value in given if key == name), None)


def _is_filter(key: str) -> bool:
    return key.rpartition(".")[2] not in _RESERVED_ENDINGS and key not in _RESERVED


def _parse(parser: Parser, text: str, what: str, shown: str) -> Any:
    return parse(parser, text, f"failed to parse {what} ({shown})")


def _order(key: str, value: str) -> tuple[Path, tuple[OrderTerm, ...]]:
    path, _ = _parse(grammar.tree_path, key, "tree path", key)
    return path, _parse(grammar.order, value, "order", value)


def _logic(key: str, value: str) -> tuple[Path, Condition]:
    names = _parse(conditions.logic_path, key, "logic path", key)
    operator = f"not.{names[-1]}" if "not" in names else names[-1]
    path = tuple(name for name in names[:-1] if name != "not")
    return path, _parse(conditions.logic, operator + value, "logic tree", value)


def _filter(key: str, value: str, *, calls_function: bool) -> tuple[Path, Filter | tuple[str, str]]:
    path, field = _parse(grammar.tree_path, key, "tree path", key)
    parser = conditions.filter_value
    if calls_function:
        parser = parser | always(None)
    found = _parse(parser, value, "filter", value)
    if found is None:
        return path, (field.name, value)
    negated, operation = found
    return path, Filter(field, operation, negated)
