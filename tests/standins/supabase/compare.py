"""Send the same request to the gateway and to the real PostgREST."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.standins.supabase.services import PUBLISHABLE_KEY, SECRET_KEY

if TYPE_CHECKING:
    import httpx

    from tests.standins.supabase.services import Gateway

USER = "11111111-2222-4333-8444-555555555555"
ROLES = ("anon", "user", "service")
OBJECT = "application/vnd.pgrst.object+json"
COUNTS = ("count=exact", "count=planned", "count=estimated")
COMPARED_HEADERS = (
    "content-type",
    "content-range",
    "content-location",
    "content-profile",
    "preference-applied",
    "www-authenticate",
)


@dataclass(frozen=True)
class Ask:
    """One request. `who` is anon, user, service, or a whole Authorization header."""

    path: str
    who: str = "anon"
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    content: bytes = b""

    def put_to(self, http: httpx.Client, prefix: str, headers: dict[str, str]) -> httpx.Response:
        """Send it."""
        every = {**self.headers, **headers}
        return http.request(
            self.method,
            f"{prefix}/{self.path}",
            content=self.content,
            headers={name.encode(): value.encode() for name, value in every.items()},
        )

    def __str__(self) -> str:
        """Return the name of the test."""
        extras = "".join(f" {name}={value}" for name, value in self.headers.items())
        return f"{self.who[:20]} {self.method} {self.path}{self.content[:40]!r}{extras}"


def call(
    function: str,
    body: Any = None,
    who: str = "anon",
    headers: dict[str, str] | None = None,
    method: str = "POST",
) -> Ask:
    """Return the call of a function. The body is sent as it is if it is bytes, else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    every = {"Content-Type": "application/json", **(headers or {})}
    return Ask(f"rpc/{function}", who, every, method, content)


def as_user(gateway: Gateway) -> str:
    """Return a user's Authorization header, with claims as GoTrue sets them."""
    return "Bearer " + gateway.token(
        sub=USER, role="authenticated", email="a@example.com", exp=int(time.time()) + 60
    )


def send(ask: Ask, gateway: Gateway, postgrest: httpx.Client) -> tuple[Answer, Answer]:
    """Send the same request to both; return both answers."""
    ours: dict[str, str] = {}
    theirs: dict[str, str] = {}
    if ask.who == "service":
        # Supabase replaces a secret key by such a token.
        theirs["Authorization"] = "Bearer " + gateway.token(role="service_role")
    elif ask.who == "user":
        ours["Authorization"] = theirs["Authorization"] = as_user(gateway)
    elif ask.who != "anon":
        ours["Authorization"] = theirs["Authorization"] = ask.who
    ours["apikey"] = SECRET_KEY if ask.who == "service" else PUBLISHABLE_KEY
    return (
        Answer.of(ask.put_to(gateway.http, "/rest/v1", ours)),
        Answer.of(ask.put_to(postgrest, "", theirs)),
    )


@dataclass(frozen=True)
class Answer:
    """The parts of an answer that must be equal."""

    status: int
    body: Any
    headers: dict[str, str | None]
    retry_after: bool

    @classmethod
    def of(cls, response: httpx.Response) -> Answer:
        """Read a response. Numbers stay text, so that 1.10 and 1.1 differ."""
        text = response.text
        headers = {name: response.headers.get(name) for name in COMPARED_HEADERS}
        # PostgREST 12 adds a second Content-Type to PGRST116; the first one is right.
        headers["content-type"] = (headers["content-type"] or "").partition(", ")[0]
        body: Any = text
        if "json" in headers["content-type"]:
            body = json.loads(text, parse_float=str, parse_int=str) if text else None
        _remove_suggestion(body)
        return cls(response.status_code, body, headers, "retry-after" in response.headers)


# The one part of a body that is not compared: for an unknown function (PGRST202) PostgREST suggests
# the most similar name, and the gateway has no such search.
SUGGESTION = re.compile(r"Perhaps you meant to call the function public\.[^ ]+(?:\(.*\))?")


def _remove_suggestion(body: Any) -> None:
    """Blank PostgREST's suggestion of a similar function; any other hint stays and must agree."""
    if isinstance(body, dict) and body.get("code") == "PGRST202":
        hint = body["hint"]
        if hint is not None and SUGGESTION.fullmatch(hint):
            body["hint"] = None
