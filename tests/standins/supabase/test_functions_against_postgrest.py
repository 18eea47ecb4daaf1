"""The gateway calls functions, and reads tokens, as the real PostgREST does."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.standins.supabase.compare import (
    COUNTS,
    OBJECT,
    ROLES,
    USER,
    Ask,
    as_user,
    call,
    send,
)

if TYPE_CHECKING:
    import httpx

    from tests.standins.supabase.services import Gateway

RETURN_KINDS = [
    call(f"give_{kind}", who=who)
    # No table is granted to anon, so that rows of a table are refused to it.
    for who in ("anon", "service")
    for kind in (
        *("void", "integer", "bigint", "numeric", "text", "boolean", "null", "timestamptz"),
        *("date", "uuid", "integers", "domain", "json", "jsonb", "json_null", "sql_null_json"),
        *("record", "pair", "no_pair", "out", "one_out", "row", "missing_row"),
        *("set_of_integers", "empty_set_of_integers", "set_of_nulls", "rows", "no_rows"),
        *("table", "table_of_one_column", "set_of_jsonb"),
    )
]

VALUES: dict[str, tuple[Any, ...]] = {
    "take_integer": (1, "1", None, "x", 1.5, 2**40, [1], True),
    "take_text": ("ü💎", 5, 1.10, True, None, {"a": 1}, [1], ""),
    "take_json": ({"b": [1]}, "text", 1, None, []),
    "take_jsonb": ({"b": [1]}, "text", 1, None, []),
    "take_array": ([1, None], [], "{1,2}", None, "x", {}, [[1]]),
    "take_pair": ({"label": "a"}, {"x": 1}, "(a,1)", None, [1]),
    "take_domain": (1, 0, None),
    "take_timestamptz": ("2026-11-23T16:00:00Z", "soon"),
    "take_uuid": (USER, "no-uuid"),
}

ARGUMENTS = [
    *(
        call(function, {"p_value": value})
        for function, values in VALUES.items()
        for value in values
    ),
    call("take_character", {"p_value": "more than one"}),
    call("take_default", {"p_value": 1}),
    call("take_default", {"p_value": 1, "p_more": 2}),
    call("take_default", {"p_value": 1, "p_more": None}),
    call("take_default", {"p_more": 2}),
    call("take_default", {"p_value": 1, "p_extra": 2}),
    call("take_default", {"P_VALUE": 1}),
    call("take_default"),
    call("take_optional"),
    call("take_optional", {"p_second": "z"}),
    call("take_optional", {"p_third": "z"}),
    call("take_variadic", {"p_first": "n", "p_rest": [1, 2]}),
    call("take_variadic", {"p_first": "n", "p_rest": []}),
    call("take_variadic", {"p_first": "n"}),
    call("take_quoted", {"Odd name": 5}),
    call("take_body", {"anything": [1]}),
    call("take_body", [{"a": 1}, {"a": 2}]),
    call("take_body"),
    call("take_body", b""),
    call("take_body", b"5"),
    call("take_two_unnamed", {"a": 1, "b": 2}),
    call("overloaded"),
    call("overloaded", {"p_a": 1}),
    call("overloaded", {"p_a": 1, "p_b": 2}),
    call("overloaded", {"p_b": 2}),
    call("ambiguous", {"p_a": 1}),
    call("give_integer", {"p_unknown": 1}),
]

BODIES = [
    call("take_integer", body)
    for body in (
        *(b"", b" ", b"{", b"null", b"5", b'"x"', b"[]", b"[1]", b"[[]]", b"true"),
        *(b'{"p_value": 1} x', b"{'p_value': 1}", b'{"p_value": NaN}', b'{"p_value": Infinity}'),
        *(b'[{"p_value": 1}]', b'[{"p_value": 1}, {"p_value": 2}]'),
        *(b'[{"p_value": 1}, {"other": 2}]', b'[{"p_value": 1}, 2]', b"[{}, {}]"),
        *(b'{"p_value": 1, "p_value": 2}', b'{"p_value": 01}', b'{"p_value": 1,}'),
        *(b'{"p_value": "\xff"}', b'\xef\xbb\xbf{"p_value": 1}', b'{"p_value": 1e2}'),
        b'{"p_value": ' + b"9" * 5000 + b"}",
    )
] + [
    call("take_text", b'{"p_value": "\\u0000"}'),
    call("take_text", b'{"p_value": "\\ud83d\\udc8e"}'),
    call("take_text", b'{"p_value": "\\ud83d"}'),
    call("take_text", b'{"p_value": "a\nb"}'),
    call("give_integer", b""),
    call("give_integer", b"[]"),
    call("give_integer", b"null"),
]

SQLSTATES = [
    call("fail", {"p_sqlstate": sqlstate}, who=who)
    for who in ("anon", "user", "service")
    for sqlstate in (
        *("P0001", "P0002", "P0003", "PT400", "PT402", "PT404", "PT409", "PT429", "PT503"),
        *("22023", "22P02", "23502", "23503", "23505", "23514", "25000", "25006", "28000"),
        *("2D000", "38000", "39000", "3B000", "3D000", "40002", "40P01", "42501", "42601"),
        *("42883", "42P01", "42704", "53000", "53300", "53400", "54000", "55000", "55P03"),
        *("57000", "57014", "57P01", "57P03", "58000", "08000", "08006", "09000", "0L000"),
        *("0P000", "F0000", "HV000", "XX000", "YY000", "0A000", "21000", "44000"),
    )
]

FAILURES = [
    call("fail_plainly"),
    call("pay", {"p_required": 5}),
    call("divide", {"p_by": 0}),
    *(call("add_note", {"p_id": 1}, who=who) for who in ("anon", "user", "service")),
    *(call("reply_to", {"p_note_id": note}) for note in (0, None)),
    call("write_though_stable"),
    call("insert_though_stable"),
    call("add_note_through_stable", {"p_id": 3}),
    call("take_too_long"),
    *(call("not_for_you", who=who) for who in ("anon", "user", "service")),
    *(call("for_service", who=who) for who in ("anon", "user", "service")),
    *(call("read_private_table", who=who) for who in ("anon", "user", "service")),
]

UNKNOWN = [
    call("nothing_like_it_at_all"),
    call("give_intege"),
    call("GIVE_INTEGER"),
    call("take_integers", {"p_value": 1}),
    call("take_integer", {"p_valu": 1}),
    call("take_integer", {"zzz": 1}),
    call("take_integer", {"p_value": 1, "b": 2, "a": 3}),
    call("a_trigger"),
    call("a_procedure"),
    call("pg_sleep", {"seconds": 1}),
    call("auth.uid"),
    call("give_integer%20"),
    call('x"; select 1; --'.replace(" ", "%20").replace('"', "%22").replace(";", "%3B")),
    call(""),
    call("a/b"),
    call("x" * 100),
    call("give_integer", method="PUT"),
    call("give_integer", method="PATCH"),
    call("give_integer", method="DELETE"),
]

NEGOTIATION = [
    *(
        call(function, headers={"Accept": accept}, who="service")
        for function in ("give_integer", "give_rows", "give_row", "give_no_rows", "give_void")
        for accept in (
            "application/json",
            "*/*",
            "application/vnd.pgrst.object+json",
            "text/html, application/json;q=0.5, image/png;q=0.9",
        )
    ),
    call("give_set_of_integers", headers={"Accept": "application/vnd.pgrst.object+json"}),
    call("give_integer", headers={"Accept": "image/png"}),
    call("give_integer", headers={"Accept": "image/png, text/html;q=0.2, a/b;q=0.3"}),
    call("unknown", headers={"Accept": "image/png"}),
    *(
        call(function, headers={"Prefer": prefer}, who="service")
        for function in ("give_integer", "give_rows", "give_no_rows", "give_void")
        for prefer in (
            "count=exact",
            "count=planned",
            "return=representation, tx=rollback",
            "handling=strict",
            "handling=strict, unheard=of, other",
            "handling=lenient, unheard=of",
            "unheard=of",
        )
    ),
    *(
        call("give_integer", headers={name: schema})
        for name in ("Content-Profile", "Accept-Profile")
        for schema in ("public", "auth", "")
    ),
    call("give_void", headers={"Content-Profile": "public"}),
    call("unknown", headers={"Content-Profile": "public"}),
    *(
        call("take_integer", {"p_value": 1}, headers={"Content-Type": content_type})
        for content_type in ("application/json; charset=utf-8", "application/foo", "text/csv2")
    ),
]

CALLERS = [
    call("request_facts", who="anon", headers={"X-Test": "a, b", "Cookie": "a=1; b=2"}),
    call("request_facts", who="user", headers={"X-Test": "ü"}),
    call("request_facts", who="service"),
    call("request_facts", who="Basic dXNlcjpwYXNz"),
    call("give_integer", who="Bearer garbage"),
    call("give_integer", who="Bearer a.b"),
    call("give_integer", who="Bearer a.b.c"),
    call("give_integer", who="Bearer a.b.c.d"),
    call("unknown", who="Bearer garbage"),
    call("give_integer", b"{", who="Bearer garbage"),
    call("a/b", who="Bearer garbage"),
]

CALLS = [
    Ask(f"rpc/{path}", who)
    for who in ROLES
    for path in (
        *("give_integer", "give_void", "give_null", "give_rows", "give_rows?id=eq.1"),
        *("give_record",),
        *("give_rows?select=body&order=id.desc", "give_rows?select=nothing"),
        *("give_rows?nothing=eq.1",),
        *("give_rows?limit=1&offset=1", "give_set_of_integers", "give_set_of_integers?limit=2"),
        *("give_table?label=eq.a", "give_table?select=x:label", "give_out"),
        *("give_pair?select=label",),
        *("give_integer?select=x", "give_set_of_jsonb", "take_integer?p_value=1", "take_integer"),
        *("take_integer?p_value=x", "take_integer?p_value=eq.1", "take_text?p_value=", "take_text"),
        *("take_text?p_value=a%20b", "take_text?p_value=a+b", "take_text?p_value=in.x", "add_note"),
        *("take_text?p_value=not.x", "take_text?p_value=1&p_value=2", "take_array?p_value={1,2}"),
        *("take_json?p_value={}", "take_jsonb?p_value=[1]", "take_variadic?p_first=a&p_rest=1"),
        *("take_variadic?p_first=a&p_rest=1&p_rest=2&p_rest=3", "take_body", "take_body?a=1"),
        *("take_default?p_value=1&p_more=2", "take_optional", "overloaded", "overloaded?p_a=1"),
        *("ambiguous?p_a=1", "nothing_like_it_at_all?a=1&b=2", "not_for_you", "add_note?p_id=1"),
        *("write_though_stable", "fail?p_sqlstate=PT402", "divide?p_by=0", "for_service"),
        *("request_facts", "find_wares?p_name=anvil&select=id,name&price=gt.5&order=id.desc"),
        *("find_wares?p_name=anvil&select=details->>c", "find_wares?p_name=anvil&id=noop.1"),
        *("find_wares?p_name=anvil&or=(id.eq.1,id.eq.6)", "count_to?p_last=3&limit=2"),
        *("find_wares?p_name=anvil&rel.id=eq.1", "give_rows?select=&limit=1", "give_json?select=*"),
    )
] + [
    Ask(f"rpc/{path}", headers=headers, method=method)
    for path in (
        *("find_wares?p_name=anvil&limit=1", "count_to?p_last=5", "give_integer", "give_void"),
    )
    for headers in (
        *({"Accept": accept} for accept in (OBJECT, "text/csv", f"{OBJECT};nulls=stripped")),
        *({"Prefer": count} for count in COUNTS),
        {"Range": "0-0", "Prefer": "count=exact"},
        {"Range": "7-9", "Prefer": "count=exact"},
    )
    for method in ("GET", "HEAD")
] + [
    Ask(
        f"rpc/find_wares{parameters}",
        headers={"Content-Type": "application/json", "Prefer": "count=exact"},
        method="POST",
        content=b'{"p_name": "anvil"}',
    )
    for parameters in (
        *("?select=id,price&order=id.desc", "?limit=1", "?id=eq.6", "?id=6", "?select=nothing"),
        *("?p_name=eq.anvil", "?offset=9", "?limit=-1", "?or=(id.eq.1)", "?select=a(b"),
    )
]  # fmt: skip


@pytest.mark.parametrize(
    "ask",
    [
        *RETURN_KINDS,
        *ARGUMENTS,
        *BODIES,
        *SQLSTATES,
        *FAILURES,
        *UNKNOWN,
        *NEGOTIATION,
        *CALLERS,
        *CALLS,
    ],
    ids=str,
)
def test_the_gateway_answers_as_postgrest_does(
    ask: Ask, gateway: Gateway, postgrest: httpx.Client
) -> None:
    ours, theirs = send(ask, gateway, postgrest)
    assert ours == theirs


NOW = int(time.time())
TOKENS: dict[str, dict[str, Any]] = {
    "expired": {"role": "authenticated", "exp": NOW - 3600},
    "expired within the clock skew": {"role": "authenticated", "exp": NOW - 5},
    "without expiry": {"role": "authenticated"},
    "not yet valid": {"role": "authenticated", "nbf": NOW + 3600},
    "issued in the future": {"role": "authenticated", "iat": NOW + 3600},
    "expired and from the future": {"exp": NOW - 3600, "iat": NOW + 3600, "nbf": NOW + 3600},
    "without role": {"sub": USER},
    "of the anonymous role": {"role": "anon", "sub": USER},
    "of the service role": {"role": "service_role"},
    "of an unknown role": {"role": "nobody_knows"},
    "of a role that may not be taken": {"role": "supabase_auth_admin"},
    "of a superuser": {"role": "supabase_admin"},
    "with a number for a role": {"role": 5},
    "with null for a role": {"role": None},
    "with nested claims": {"role": "authenticated", "app_metadata": {"a": [1, {"b": "ü"}]}},
    "for another audience": {"role": "authenticated", "aud": "somebody else"},
    "with a word for an expiry": {"role": "authenticated", "exp": "soon"},
    "with a fraction for an expiry": {"role": "authenticated", "exp": NOW + 60.5},
}


@pytest.mark.parametrize("claims", TOKENS.values(), ids=TOKENS.keys())
@pytest.mark.parametrize("function", ["request_facts", "for_service", "unknown"])
def test_a_token_means_the_same_to_both(
    claims: dict[str, Any], function: str, gateway: Gateway, postgrest: httpx.Client
) -> None:
    payload = json.dumps(claims).encode()
    token = jwt.api_jws.encode(payload, gateway.key.private, "ES256", {"kid": gateway.key.kid})
    ours, theirs = send(call(function, who=f"Bearer {token}"), gateway, postgrest)
    assert ours == theirs


def forgeries(gateway: Gateway) -> dict[str, str]:
    """Return tokens with a wrong signature, algorithm, payload or key id."""
    claims = {"role": "service_role", "exp": int(time.time()) + 60}
    good = gateway.token(**claims)
    head, payload, signature = good.split(".")
    stranger = ec.generate_private_key(ec.SECP256R1())
    kid = {"kid": gateway.key.kid}
    return {
        "another key": jwt.encode(claims, stranger, "ES256", headers=kid),
        "no algorithm": jwt.encode(claims, "", "none", headers=kid),
        "a shared secret": jwt.encode(claims, "s" * 64, "HS256", headers=kid),
        "another payload": f"{head}.e30.{signature}",
        "no signature": f"{head}.{payload}.",
        "a shortened signature": f"{head}.{payload}.{signature[:-4]}",
        "an array of claims": jwt.api_jws.encode(b"[1]", gateway.key.private, "ES256"),
        "an unknown kid": jwt.encode(
            claims, gateway.key.private, "ES256", headers={"kid": "unheard of"}
        ),
        "no kid": jwt.encode(claims, gateway.key.private, "ES256"),
    }


@pytest.mark.parametrize(
    "kind",
    [
        *("another key", "no algorithm", "a shared secret", "another payload", "no signature"),
        *("a shortened signature", "an array of claims", "an unknown kid", "no kid"),
    ],
)
def test_a_forged_token_is_treated_alike(
    kind: str, gateway: Gateway, postgrest: httpx.Client
) -> None:
    ask = call("for_service", who="Bearer " + forgeries(gateway)[kind])
    ours, theirs = send(ask, gateway, postgrest)
    assert ours == theirs


def test_a_lower_case_scheme_counts_too(gateway: Gateway, postgrest: httpx.Client) -> None:
    who = as_user(gateway).replace("Bearer", "bearer")
    ours, theirs = send(call("give_integer", who=who), gateway, postgrest)
    assert ours == theirs
