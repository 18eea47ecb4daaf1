"""Check the JSON of a call or a write; Postgres receives its text unchanged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from local.supabase.rest.errors import RestError, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

JSON_TYPE = "application/json"
# PostgREST reads these too.
_FORMS_OF_WRITES = frozenset({"text/csv", "application/x-www-form-urlencoded"})
_FORMS_OF_CALLS = _FORMS_OF_WRITES | {"text/plain", "text/xml", "application/octet-stream"}


@dataclass(frozen=True)
class Payload:
    """The JSON text that Postgres parses, and the names of its arguments."""

    text: str
    keys: frozenset[str]


_NO_ARGUMENTS = Payload("[]", frozenset())


def read_arguments(body: bytes, content_type: str) -> Payload:
    """Return the arguments of a call by POST.

    Raises:
        RestError: PGRST102: the body is not JSON, or its objects have different keys.
            501: it has another form that PostgREST accepts.
    """
    _require_json(content_type, _FORMS_OF_CALLS)
    return _read(body) if body else Payload("", frozenset())


def read_rows(body: bytes, content_type: str, columns: frozenset[str] | None) -> Payload:
    """Return the rows of a write. With `columns`, these count and the body is not looked at.

    Raises:
        RestError: PGRST102: the body is not JSON, or its objects have different keys.
            501: it has another form that PostgREST accepts.
    """
    _require_json(content_type, _FORMS_OF_WRITES)
    if columns is not None:
        return Payload(body.decode(errors="replace"), columns)
    return _read(body)


def of_query(arguments: Iterable[tuple[str, str]], variadic: str | None) -> Payload:
    """Return the arguments of a call by GET.

    The variadic one may be repeated; of others the last counts.
    """
    document: dict[str, str | list[str]] = {}
    for name, text in arguments:
        if name == variadic:
            document[name] = [*document.get(name, []), text]
        else:
            document[name] = text
    return Payload(json.dumps(document), frozenset(document))


def _require_json(content_type: str, others: frozenset[str]) -> None:
    media_type = content_type.partition(";")[0] or JSON_TYPE
    if media_type in others:
        raise unsupported(f"Content-Type: {media_type}")
    if media_type != JSON_TYPE:
        raise _refused(f"Content-Type not acceptable: {media_type}")


def _read(body: bytes) -> Payload:
    try:
        text = body.decode()
        # Only the keys are used. Numbers are kept as text, so their length does not matter.
        document = json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
        # Python accepts half a surrogate pair, which cannot be encoded.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise _refused("Empty or invalid json") from None
    return _payload(text, document)


def _payload(text: str, document: Any) -> Payload:
    if isinstance(document, dict):
        return Payload(text, frozenset(document))
    if not isinstance(document, list) or not document:
        return _NO_ARGUMENTS
    keys = {frozenset(entry) if isinstance(entry, dict) else None for entry in document}
    (first, *others) = keys
    if others or first is None:
        raise _refused("All object keys must match")
    return Payload(text, first)


def _refuse_constant(_name: str) -> NoReturn:
    """Refuse NaN and Infinity: Python accepts them, JSON does not."""
    raise ValueError


def _refused(message: str) -> RestError:
    return RestError(400, "PGRST102", message)
