"""Hypothesis strategies: forged tokens, and events with damaged fields."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Any

import jwt
from hypothesis import strategies as st

from tests.http.genuine import genuine_events
from tests.http.mischief import VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.stripe_events import Order

_PRINTABLE = string.ascii_letters + string.digits + string.punctuation + " "
_OPTIONAL_HEADERS = ("kid", "typ", "crit", "b64", "jku", "jwk", "x5u", "zip")


@st.composite
def altered_tokens(draw: st.DrawFn, genuine: str) -> str:
    """Draw a token that differs from the genuine one, often only a little."""
    header, payload, signature = genuine.split(".")
    claims = jwt.decode(genuine, options={"verify_signature": False})
    kind = draw(st.sampled_from(["header", "claims", "signature", "text"]))
    if kind == "header":
        changes = st.fixed_dictionaries(
            {
                "alg": st.one_of(
                    st.sampled_from(["none", "None", "HS256", "RS256", "ES384"]), VALUES
                )
            },
            optional=dict.fromkeys(_OPTIONAL_HEADERS, VALUES),
        )
        header = _segment({**jwt.get_unverified_header(genuine), **draw(changes)})
        signature = draw(st.sampled_from([signature, "", "AAAA"]))
    elif kind == "claims":
        changed = st.sampled_from([*sorted(claims), "nbf", "jti"])
        payload = _segment(
            {**claims, **draw(st.dictionaries(changed, VALUES, min_size=1, max_size=3))}
        )
    elif kind == "signature":
        signature = _encoded(draw(st.binary(max_size=100)))
    else:
        at, junk = draw(st.integers(0, len(genuine))), draw(st.text(_PRINTABLE, max_size=3))
        return (genuine[:at] + junk + genuine[at + draw(st.integers(0, 3)) :]).strip()
    return f"{header}.{payload}.{signature}"


def means_the_same(token: str, genuine: str) -> bool:
    """Whether two tokens have the same signed content and the same bytes of signature."""
    if token.count(".") != 2 or token.split(".")[:2] != genuine.split(".")[:2]:
        return False
    try:
        mine, theirs = (
            base64.urlsafe_b64decode(one.split(".")[2].encode("ascii", "replace") + b"===")
            for one in (token, genuine)
        )
    except ValueError:
        return False
    return mine == theirs


@st.composite
def broken_events(draw: st.DrawFn, known: Sequence[Order] = ()) -> dict[str, Any]:
    """Draw an event about one of our orders with fields dropped, retyped, nested or replaced."""
    broken = draw(genuine_events(known))
    stripe_object = broken["data"]["object"]
    # Broken outside, it is no event; the further inside, the further it gets.
    told = stripe_object.get("metadata", stripe_object), stripe_object, broken
    for _ in range(draw(st.integers(1, 3))):
        places = _places(draw(st.sampled_from(told)))
        if not places:
            break
        parent, key = draw(st.sampled_from(places))
        change = draw(st.sampled_from(["drop", "replace", "replace", "nest", "bury", "add"]))
        if change == "drop":
            del parent[key]
        elif change == "replace":
            parent[key] = draw(VALUES)
        elif change == "nest":
            parent[key] = draw(st.sampled_from([[parent[key]], {"id": parent[key]}]))
        elif change == "bury":
            for _ in range(200):
                parent[key] = [parent[key]]
        elif isinstance(parent, dict):
            parent[draw(st.text(max_size=8))] = draw(VALUES)
    return broken


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Return every place in a JSON value, as its parent and key."""
    keys: list[Any] = []
    if isinstance(node, dict):
        keys = list(node)
    elif isinstance(node, list):
        keys = list(range(len(node)))
    return [(node, key) for key in keys] + [place for key in keys for place in _places(node[key])]


def _segment(value: Any) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
