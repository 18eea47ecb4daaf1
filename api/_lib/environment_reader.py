"""Reading of environment variables, with every problem collected instead of raised."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api._lib.origins import origin_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")


class EnvironmentReader:
    """Reads variables and collects problems, which name a variable but never its value."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def first(self, *names: str) -> str | None:
        """Return the value of the first of these variables that is set and not empty."""
        for name in names:
            value = self._environ.get(name, "").strip()
            if value:
                return value
        return None

    def several(self, name: str) -> tuple[str, ...]:
        """Return the values of a comma-separated list."""
        return tuple(part.strip() for part in (self.first(name) or "").split(",") if part.strip())

    def required(self, *names: str) -> str:
        """Return the same as first(); if none is set, note a problem and return ""."""
        value = self.first(*names)
        if value is None:
            self.problems.append(f"{' or '.join(names)} is missing")
        return value or ""

    def url(self, name: str, value: str, *, with_path: bool = False) -> str:
        """Check a URL: https, or http on this machine; a path only where one is expected."""
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host, parts = None, urlsplit("")
        secure = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
        path = "" if with_path else parts.path.strip("/")
        if not host or not secure or path or parts.query or parts.fragment:
            form = "/path" if with_path else ", without a path"
            self.problems.append(f"{name} must look like https://example.com{form}")
        return value.rstrip("/")

    def origins(self, name: str) -> tuple[str, ...]:
        """Return a list of exact origins; each one that is not exact is a problem of its own."""
        origins = self.several(name)
        for place, origin in enumerate(origins, start=1):
            problem = origin_problem(origin)
            if problem:
                self.problems.append(f"{name}: origin {place} {problem}")
        return origins

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean."""
        value = (self.first(name) or str(default)).lower()
        if value not in _TRUE + _FALSE:
            self.problems.append(f"{name} must be true or false")
        return value in _TRUE

    def choice(self, name: str, default: str, *others: str) -> str:
        """Return one of the given words."""
        value = self.first(name) or default
        if value not in (default, *others):
            self.problems.append(f"{name} must be {default} or {' or '.join(others)}")
        return value

    def count(self, name: str, *, default: int, most: int, least: int = 1) -> int:
        """Return a whole number within bounds."""
        value = self.first(name) or str(default)
        number = (
            int(value)
            if value.isascii() and value.isdigit() and len(value) <= len(str(most))
            else -1
        )
        if not least <= number <= most:
            self.problems.append(f"{name} must be a whole number from {least} to {most}")
        return number
