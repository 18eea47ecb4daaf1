"""Hypothesis strategies: malformed and hostile requests."""

from __future__ import annotations

import json
import operator
import string
from typing import Any
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from tests.http.genuine import genuine_events
from tests.http.raw import Sent
from tests.openapi import Description

DESCRIPTION = Description()
PATHS = sorted(DESCRIPTION.paths)
MISPLACED = ("balance", "user_id", "credits", "x" * 3000, "__proto__", "")

SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=20),
    st.sampled_from(
        [
            "",
            "\x00",
            "\ud800",
            "a\u202eb",
            "0",
            "-1",
            "1e9",
            "9" * 400,
            "starter",
            "<b>",
            "' or 1=1--",
        ]
    ),
    st.sampled_from([2**31, 2**63, 2**64, 10**400, -(10**20), 1e308, float("nan"), float("inf")]),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.text(max_size=8), st.sampled_from(MISPLACED)), inner, max_size=4
        ),
    ),
    max_leaves=12,
)

# What json.dumps writes: lone surrogates as escapes, NaN and Infinity as words.
JSON_BODIES = st.builds(lambda value: json.dumps(value).encode(), VALUES)
BODIES = st.one_of(
    st.just(b""),
    JSON_BODIES,
    st.builds(
        lambda package, more: json.dumps({**more, "package_type": package}).encode(),
        st.one_of(
            VALUES, st.sampled_from(["starter", "creator", "Starter", "starter\n", "nothing"])
        ),
        st.dictionaries(st.sampled_from(MISPLACED), VALUES, max_size=3),
    ),
    st.builds(
        lambda body, at, junk: body[: at % (len(body) + 1)] + junk + body[at % (len(body) + 1) :],
        JSON_BODIES,
        st.integers(0, 1000),
        st.sampled_from([b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b",", b"}"]),
    ),
    st.builds(
        lambda opening, depth: opening * depth,
        st.sampled_from([b"[", b'{"a":']),
        st.integers(0, 9000),
    ),
    st.builds(lambda digits: b"9" * digits, st.integers(1, 16_000)),
    st.builds(lambda more: b" " * (16 * 1024 + more), st.integers(-2, 2)),
    st.sampled_from([b"NaN", b"-Infinity", b"1e999", b'{"package_type": 1e400}']),
    st.binary(max_size=300),
)

# Whole events of Stripe's, but for the signature.
UNSIGNED = genuine_events().map(lambda event: json.dumps(event).encode())

METHODS = st.one_of(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]),
    st.text(string.ascii_uppercase, min_size=3, max_size=20),
)
_PARAMETERS = st.tuples(
    st.sampled_from(["limit", "cursor", "session_id", "p_user_id", "user_id", ""]),
    st.one_of(st.binary(max_size=40), st.integers().map(lambda number: str(number).encode())),
)
QUERIES = st.one_of(
    st.just(""),
    st.lists(_PARAMETERS, max_size=25).map(
        lambda pairs: "&".join(f"{name}={quote_from_bytes(value)}" for name, value in pairs)
    ),
    st.text(
        string.ascii_letters + string.digits + "%&=;+'\"<>[]{}|\\^`~:/?@!$*(),.-_", max_size=80
    ),
)

_NAMES = st.one_of(
    st.sampled_from(
        [
            "Accept",
            "Accept-Encoding",
            "Accept-Language",
            "Authorization",
            "Content-Encoding",
            "Content-Type",
            "Cookie",
            "Forwarded",
            "Idempotency-Key",
            "If-None-Match",
            "Origin",
            "Prefer",
            "Range",
            "Stripe-Signature",
            "Stripe_Signature",
            "X-Forwarded-For",
            "X-Forwarded-Host",
            "X-HTTP-Method-Override",
            "apikey",
        ]
    ),
    st.text(string.ascii_letters + string.digits + "-_!#$%&'*+.^`|~", min_size=1, max_size=30),
)
_HEADER_VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["C"]), max_size=30).map(str.encode),
    # Latin-1 as it should not be; control characters, which the server refuses, seldom.
    st.binary(max_size=30).map(lambda value: bytes(byte | 0xA0 for byte in value)),
    st.binary(max_size=3).map(lambda value: value.translate(None, b"\r\n\x00")),
    st.sampled_from(
        [b"Bearer", b"Bearer ", b"Bearer a.b.c", b"bearer \xff.\xfe.\xfd", b"Basic YTpi"]
    ),
    st.sampled_from([b"t=1,v1=00", b"t=\xb2,v1=\xb2", b"t=" + b"9" * 12 + b",v1=00,v0=\xff"]),
    st.sampled_from([b"application/json", b"application/json; charset=utf-16", b"text/plain"]),
    st.builds(
        lambda prefix, size: prefix + b"a" * size,
        st.sampled_from([b"", b"Bearer ", b"t=1,v1="]),
        st.integers(1000, 8200),
    ),
)
HEADERS = st.lists(st.tuples(_NAMES, _HEADER_VALUES), max_size=6).flatmap(
    # Some of them twice.
    lambda headers: (
        st.lists(st.sampled_from(headers), max_size=2).map(lambda twice: headers + twice)
        if headers
        else st.just(headers)
    )
)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """Draw a request to one of the endpoints; half of them by a method that it answers."""
    path = draw(st.sampled_from(PATHS))
    answered = st.sampled_from(sorted(DESCRIPTION.methods(path)))
    return Sent(
        method=draw(st.one_of(answered, METHODS)),
        path=path,
        query=draw(QUERIES),
        headers=draw(HEADERS),
        body=draw(UNSIGNED if path == "/api/webhook" and draw(st.booleans()) else BODIES),
        chunked=draw(st.booleans()),
    )


@st.composite
def parameters(draw: st.DrawFn) -> tuple[str, bool]:
    """Draw a query of GET /api/credits, and whether it is as the description says."""
    pairs = []
    described = DESCRIPTION.operation("/api/credits", "GET")["parameters"]
    wrong = draw(st.sampled_from([None, *(parameter["name"] for parameter in described)]))
    for parameter in described:
        schema = DESCRIPTION.resolve(parameter["schema"])
        if "pattern" in schema:
            good = st.from_regex(schema["pattern"].replace("$", r"\Z"))
            near = st.builds(
                operator.add, good, st.sampled_from(["\n", " ", "\x00", "0" * 13, "0" * 250])
            )
            bad = st.one_of(near, st.text(max_size=20)).filter(
                lambda text, schema=schema: not DESCRIPTION.accepts(schema, text)
            )
        elif "enum" in schema or schema.get("type") == "boolean":
            words = schema.get("enum", ["true", "false"])
            good = st.sampled_from(words)
            bad = st.text(max_size=5).filter(lambda text, words=words: text not in words)
        else:
            good = st.integers(schema["minimum"], schema["maximum"]).map(str)
            bad = st.one_of(
                st.integers(schema["maximum"] + 1).map(str),
                st.integers(max_value=schema["minimum"] - 1).map(str),
                st.text(max_size=5).filter(lambda text: not (text.isascii() and text.isdigit())),
            )
        if parameter["name"] == wrong or draw(st.booleans()):
            value = draw(bad if parameter["name"] == wrong else good).encode("utf-8", "replace")
            pairs.append(f"{parameter['name']}={quote_from_bytes(value)}")
    return "&".join(draw(st.permutations(pairs))), wrong is None
