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

    def optional_text(self, name: str) -> str | None:
        """Return a string member; None if it is missing or null.

        Raises:
            AuthError: The member is not a string.
        """
        return None if self._members.get(name) is None else self.text(name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean member; the default if it is missing or null.

        Raises:
            AuthError: The member is not a boolean.
        """
        value = self._members.get(name)
        if value is not None and not isinstance(value, bool):
            raise _bad_json(f"{name} must be true or false")
        return default if value is None else value

    def optional_object(self, name: str) -> dict[str, Any] | None:
        """Return an object member; None if it is missing or null.

        Raises:
            AuthError: The member is not an object.
        """
        return None if self._members.get(name) is None else self.object(name)

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
