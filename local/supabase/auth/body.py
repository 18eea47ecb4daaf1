"""The JSON object that a request to `/auth/v1` carries."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from local.supabase.auth.errors import AuthError


class Body:
    """A request's JSON object, read by members of a known type."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    @classmethod
    def of_request(cls) -> Body:
        """Read the body of the request at hand.

        Raises:
            AuthError: it is no JSON object.
        """
        try:
            members = json.loads(request.get_data())
        except (ValueError, RecursionError):
            raise _bad_json("not valid JSON") from None
        if members is not None and not isinstance(members, dict):
            raise _bad_json("cannot unmarshal into an object")
        return cls(members or {})

    def text(self, name: str) -> str:
        """A string, empty if the member is missing or null.

        Raises:
            AuthError: the member is something else.
        """
        value = self._members.get(name)
        if value is not None and not isinstance(value, str):
            raise _bad_json(f"{name} must be a string")
        return value or ""

    def object(self, name: str) -> dict[str, Any]:
        """An object, empty if the member is missing or null.

        Raises:
            AuthError: the member is something else.
        """
        value = self._members.get(name)
        if value is not None and not isinstance(value, dict):
            raise _bad_json(f"{name} must be an object")
        return value or {}


def _bad_json(reason: str) -> AuthError:
    return AuthError(400, "bad_json", f"Could not parse request body as JSON: {reason}")
