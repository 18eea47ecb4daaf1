"""The JSON body of a request to `/auth/v1`."""

from __future__ import annotations

import json
from typing import Any

from flask import request

from local.supabase.auth.errors import AuthError


class Body:
    """The members of a request's JSON object."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    @classmethod
    def of_request(cls) -> Body:
        """Parse the body of the present request.

        Raises:
            AuthError: It is not a JSON object.
        """
        try:
            members = json.loads(request.get_data())
        except (ValueError, RecursionError):
            raise _bad_json("not valid JSON") from None
        if members is not None and not isinstance(members, dict):
            raise _bad_json("cannot unmarshal into an object")
        return cls(members or {})

    def text(self, name: str) -> str:
        """Return a string member; "" if it is missing or null.

        Raises:
            AuthError: The member is not a string.
        """
        value = self._members.get(name)
        if value is not None and not isinstance(value, str):
            raise _bad_json(f"{name} must be a string")
        return value or ""

    def object(self, name: str) -> dict[str, Any]:
        """Return an object member; empty if it is missing or null.

        Raises:
            AuthError: The member is not an object.
        """
        value = self._members.get(name)
        if value is not None and not isinstance(value, dict):
            raise _bad_json(f"{name} must be an object")
        return value or {}


def _bad_json(reason: str) -> AuthError:
    return AuthError(400, "bad_json", f"Could not parse request body as JSON: {reason}")
