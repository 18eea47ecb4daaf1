"""Check the JSON body of a call; Postgres receives its text unchanged."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from local.supabase.rest.errors import RestError

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Payload:
    """The JSON text that Postgres parses, and the names of its arguments."""

    text: str
    keys: frozenset[str]


_NO_ARGUMENTS = Payload("[]", frozenset())


def read_payload(body: bytes, content_type: str) -> Payload:
    """Return the arguments of a call.

    Raises:
        RestError: PGRST102: the body is not JSON, or its objects have different keys.
    """
    media_type = content_type.partition(";")[0] or JSON_TYPE
    if media_type != JSON_TYPE:
        raise _refused(f"Content-Type not acceptable: {media_type}")
    if not body:
        return Payload("", frozenset())
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
