"""The gateway reads tables as the real PostgREST does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from tests.standins.supabase.compare import COUNTS, OBJECT, ROLES, USER, Ask, send

if TYPE_CHECKING:
    import httpx

    from tests.standins.supabase.services import Gateway


def wares(*parameters: str, **ask: Any) -> Ask:
    """Return a read of the table wares; parameters are encoded as supabase-js encodes them."""
    return Ask("wares" + query(*parameters), **ask)


def query(*parameters: str) -> str:
    pairs = [parameter.split("=", 1) for parameter in parameters]
    encoded = ["=".join(quote(part, safe="(),.:*!") for part in pair) for pair in pairs]
    return f"?{'&'.join(encoded)}" if encoded else ""


BY_ROLE = [
    Ask(path, who)
    for who in ROLES
    for path in (
        *("wares", "wares?id=eq.1", "cheap_wares", "own", "own?select=body", "own?id=eq.2"),
        *("notes", "notes?select=id", "replies", "no_such_table", "wares?select=nothing"),
        *("wares?nothing=eq.1", "wares?order=nothing", "notes?nothing=eq.1", "pg_class", "WARES"),
        *("no_such_table?select=a&b=eq.1", "wares/", "wares/1", "auth.users", "rpc", "many?n=lt.3"),
    )
]

SELECT = [
    wares(f"select={select}", "order=id", "limit=3")
    for select in (
        *("id", "id,name", "*", "*,id", "id,*", "", "id, name", " id", "ident:id", "a:id,b:id"),
        *("id::text", "ident:id::text", "price::int", "id::nothing", "id::double precision"),
        *("id:: text", "tags::text", "details->a", "details->a->b", "details->>c", "x:details->>c"),
        *("details->a->b->0", "details->a->b->>-1", "details->0", "details->>1", "tags->0"),
        *("span->>lower", "raw->>k", "raw->k", "details->a->>b", 'details->"a"', "details->'a'"),
        *("details->a::text", "details->>c::text", "name->a", '"odd ""name%"', '"odd \\"name%"'),
        *('"select"', "select", "from", "id,id", "na-me", "id-name", "ID", '"id"', '"i\\d"'),
        *("id,,name", "id,", ",id", "id name", "id;name", "id'", "id)", "id!", "id!x", "id.x"),
        *("id->", "id->>", "id::", "id:", ":id", "id:::text", "a:b:c", "*::text", "*.count()"),
        *("count()", "id.count()", "id.sum()", "id.max()", "id.nope()", "x:count()", "count"),
        *("count()::text", "id.sum()::text", "id::text.max()", "id.avg", "...", "...x", "ü", "💎"),
        *(
            "id$",
            "_id",
            "id::te$$xt",
            "1",
            "id->-x",
            "id->1x",
            "details->a:b",
            "a%00b",
            "id::te%xt",
        ),
        *("id,name::text,price::text", "id->a->b::json", "name->>'a'", '""', '"', '"a', "(", ")"),
    )
]

OPERANDS = {
    "id": ("1", "0", "x", "", "9007199254740993", "99999999999999999999", " 1", "1.0", "null"),
    "name": ("anvil", "", 'a,b (c) "d"', "été 💎", "50%_off\\", "ANVIL", "a.b", "null"),
    "price": ("5", "5.00", "1.1", "-1", "abc", "Infinity"),
    "active": ("true", "false", "t", "null", "TRUE", "maybe"),
    "made_at": ("2026-01-02", "infinity", "2026-01-02T03:04:05Z", "soon"),
    "tags": ("{iron,heavy}", "{}", "iron", "{"),
    "details": ('{"c": "x"}', "1", "nope", "[1,2,3]"),
    "span": ("[1,5)", "empty", "5"),
    "size": ("3", "0", "-1"),
}
COMPARISONS = [
    wares("select=id", f"{column}={operator}.{operand}", "order=id")
    for column, operands in OPERANDS.items()
    for operand in operands
    for operator in ("eq", "neq", "gt", "gte", "lt", "lte")
]

FILTERS = [
    wares("select=id", *parameters, "order=id")
    for parameters in (
        *((f"name={op}.{text}",) for op in ("like", "ilike", "not.like", "match", "imatch")
          for text in ("an*", "*", "%a%", "A*", "50\\%_off\\\\", "a_vil", "", "^a", "(", "[a-")),
        *((f"id=in.{text}",) for text in (
            *("(1,2)", "()", "(1)", "(1,)", "(,)", "(x)", "1,2", "(1,2", "(1, 2)", " (1,2) "),
            *("((1))",),
            *('("1","2")', '("1"2)', "(1))", "(1)x", "{1,2}", "(1,null)"),
        )),
        *((f"name=in.{text}",) for text in (
            *('("a,b (c) \\"d\\"",Bell)', '("été 💎")', "(50%_off\\)", '("50%_off\\\\")', '("")'),
            *("(a b)",),
            *('("a"b,c)', '(anvil,"Bell")', '({a},"{b}")'),
        )),
        *((f"{column}={negation}is.{word}",) for column in ("active", "name")
          for negation in ("", "not.")
          for word in ("null", "true", "FALSE", "Unknown", "nUll", "nil", "", "nullx", "not null")),
        ("name=not.eq.anvil",), ("name=not.not.eq.anvil",), ("name=not.in.(anvil)",),
        ("name=not",), ("name=not.",), ("name=eq",), ("name=",), ("name",), ("name=anvil",),
        ("name=noop.1",), ("name=EQ.anvil",), ("name= eq.anvil",), ("name=eq.anvil", "id=eq.6"),
        ("id=gte.2", "id=lt.5"), ("id=eq.1", "id=eq.2"), ("name=isdistinct.anvil",),
        ("name=not.isdistinct.anvil",), ("id=eq(any).{1,2}",), ("id=gt(all).{1,2}",),
        ("name=like(any).{an*,B*}",), ("name=ilike(all).{A*,*l}",), ("id=eq(some).{1}",),
        ("id=eq(any).1",), ("id=neq(any).{1}",), ("tags=cs.{iron}",), ("tags=cd.{iron,heavy,x}",),
        ("tags=ov.{a,heavy}",), ("span=sl.[9,12)",), ("span=sr.[0,1)",), ("span=nxr.[1,5)",),
        ("span=nxl.[1,5)",), ("span=adj.[5,6)",), ('details=cs.{"c":"x"}',), ("id=cs.1",),
        ("words=fts.iron",), ("words=fts(simple).iron",), ("words=plfts.big iron",),
        ("words=phfts(simple).big iron",), ("words=wfts.iron or ring",), ("words=fts(nope).x",),
        ("words=fts(a.b).x",), ("name=fts.anvil",), ("words=not.fts.iron",),
        ("details->>c=eq.x",), ("details->a->b=eq.[]",), ('details->c=eq."x"',),
        ("details->>c=is.null",), ("details->>0=eq.1",), ("tags->>0=eq.iron",), ("raw->>k=eq.1",),
        ("raw->k=eq.1",), ('"select"=eq.s',), ('"odd \\"name%"=eq.a%b',), ("odd=eq.1",),
        ("rel.id=eq.1",), ("a.b.id=eq.1",), ("a.id=eq.1", "b.id=eq.1"), (".id=eq.1",),
        ("id.=eq.1",),
        ("=eq.1",), ("id'=eq.1",), ("id)=eq.1",), ("id =eq.1",), ("ID=eq.1",), ("*=eq.1",),
        ("id->=eq.1",), ("id::text=eq.1",), ("columns=id",), ("columns=",), ("columns=(",),
        ("on_conflict=id",), ("nothing=is.null",), ("name=eq.' or 1=1 --",), ("name=eq.%s",),
        ("name=eq.$1",), ("name=eq.a\x00b",), ("id\x00x=eq.1",), ("name=eq.a&b=c",),
        ("name=eq.a;b",),
    )
]  # fmt: skip

LOGIC = [
    wares("select=id", parameter, "order=id")
    for parameter in (
        *("or=(id.eq.1,id.eq.2)", "and=(id.gte.2,id.lt.5)", "not.or=(id.eq.1,id.eq.2)"),
        *("not.and=(id.eq.1,name.eq.anvil)", "or=(id.eq.1,and(name.eq.anvil,active.is.true))"),
        *("or=(not.and(id.eq.1),id.not.eq.2)", "or=(id.in.(1,2),name.is.null)", "or=(id.eq.1)"),
        *('or=(name.eq."a,b (c) \\"d\\"",id.eq.1)', "or=(name.eq.a b,id.eq.1)", "or=()", "or=("),
        *("or=id.eq.1", "or=(id.eq.1", "or=(id.eq.1))", "or=( id.eq.1 , id.eq.2 )", "or=(id)"),
        *("or=(id.eq)", "or=(id.eq.)", "or=(name.eq.,id.eq.1)", "or=(id.noop.1)", "or=(1.eq.1)"),
        *("or=(tags.cs.{iron,heavy},id.eq.2)", "or=(tags.cs.{},id.eq.2)", "or=(id.eq.1,)"),
        *("or=(details->a>0.in.())", "or=(details->a->b>0.in.())", "or=(id->a-b!.eq.1)"),
        *("or=(details->>c.eq.x,id.eq.2)", "or=(nothing.eq.1)", "or=(or(id.eq.1,id.eq.2),id.eq.3)"),
        *("or=(not.or(id.eq.1))", "or=(nor(id.eq.1))", "or=(not.id.eq.1)", "a.or=(id.eq.1)"),
        *("not.a.or=(id.eq.1)", "a.not.or=(id.eq.1)", "or=(rel.id.eq.1)", "and=(or(),id.eq.1)"),
        *("or=(id.eq.1,id.is.nul)", "or=(id.eq(any).{1,2},id.eq.5)", "or=(words.fts(simple).iron)"),
        *("or=(name.like.an*,name.ilike.b*)", "or=(id.not.in.(1,2))", "or=(and(id.eq.1)"),
        *('or=(name.in.("Bell",anvil))', 'or=(name.eq."Bell"x)', "or=(id.eq.1;id.eq.2)", "or="),
    )
]

ORDER = [
    wares("select=id,name", *order)
    for order in (
        *(("order=id",), ("order=id.asc",), ("order=id.desc",), ("order=name,id",)),
        *(("order=name.desc.nullslast,id",), ("order=name.nullsfirst,id",), ("order=made_on.asc",)),
        *(("order=price.desc,id.desc",), ("order=name.asc.nullsfirst,id.desc",), ("order=",)),
        *(("order=id.foo",), ("order=id.asc.foo",), ("order=id.nullslast.desc",), ("order=id,",)),
        *(("order=,id",), ("order=id desc",), ("order= id , name ",), ("order=details->>c,id",)),
        *(("order=details->a,id",), ("order=rel(id)",), ("order=rel(id).desc",), ("order=id()",)),
        *(("rel.order=id",), ("order=id", "order=name"), ("order=nothing",), ("order=id.ascx",)),
        *(("order=id.nullsx",), ("order=id;drop",), ("order=1",), ("order=id::text",)),
        *(("order=weight.desc.nullsfirst,id",), ("order=id.asc.desc",), ("order=*",)),
    )
]

PAGES = [
    wares("select=id", "order=id", *parameters, who="service", headers=headers)
    for parameters in (
        *((), ("limit=2",), ("limit=0",), ("limit=-1",), ("limit=x",), ("limit=2", "offset=1")),
        *(("offset=1",), ("offset=-1",), ("offset=x",), ("offset=100",), ("limit=0", "offset=5")),
        *(("limit=100",), ("offset=7",), ("offset=8",), ("limit=2", "offset=x"), ("limit=",)),
        *(("limit=x", "offset=5"), ("limit=2", "limit=3"), ("limit=1.5",), ("limit= 2 ",)),
        *(("rel.limit=1",), ("limit=99999999999999999999",), ("id=eq.0",), ("id=eq.0", "offset=1")),
        *(("limit=-1", "offset=2"), ("limit=7",), ("limit=3", "offset=4")),
    )
    for headers in (
        {},
        *({"Prefer": count} for count in COUNTS),
        {"Range": "0-1", "Range-Unit": "items"},
        {"Range": "1-", "Prefer": "count=exact"},
        {"Range": "3-1"},
        {"Range": "9-12", "Prefer": "count=exact"},
    )
] + [
    wares("select=id", headers={"Range": header, "Prefer": "count=exact"})
    for header in ("0-0", "a-b", "-5", "5", "0-0,2-3", "items=0-1", "", "00-01", "0-1x")
]

MOST_ROWS = [
    Ask(path, headers=headers)
    for path in (
        *("many?select=n&n=gt.4&order=n", "many?limit=1001", "many?limit=3", "many?offset=1000"),
        *("many?offset=2000", "rpc/count_to?p_last=1003", "many?n=lt.900"),
    )
    for headers in ({}, *({"Prefer": count} for count in COUNTS), {"Range": "0-1002"})
]

FORMS = [
    wares(*parameters, headers={"Accept": accept, **prefer}, method=method)
    for parameters in (
        ("select=id,name,price", "id=eq.1"),
        ("select=id,name,price", "id=eq.0"),
        ('select=id,name,tags,details,odd:"odd \\"name%"', "order=id"),
    )
    for accept in (
        *(OBJECT, "text/csv", "application/json", "*/*", f"{OBJECT};nulls=stripped"),
        *("application/vnd.pgrst.array+json;nulls=stripped", "application/vnd.pgrst.object"),
        *("application/xml", "text/csv;q=0.5, application/json", "application/vnd.pgrst.plan"),
        *(
            "application/vnd.pgrst.array+json",
            "text/csv; header=present",
            "application/openapi+json",
        ),
    )
    for prefer in ({}, {"Prefer": "count=exact"})
    for method in ("GET", "HEAD")
    # PostgREST names the plan with what it is for, and the gateway has no plans.
    if "plan" not in accept
]

HEADS = [
    Ask(path, who, {"Prefer": count}, method="HEAD")
    for who in ROLES
    for count in (*COUNTS, "")
    for path in (
        *("wares", "wares?id=eq.1", "wares?limit=2", "wares?offset=99", "own", "notes", "nothing"),
        *(
            "wares?select=nothing",
            "wares?id=noop.1",
            "rpc/give_rows",
            "rpc/find_wares?p_name=anvil",
        ),
    )
]

# The role anon has a statement_timeout, as in Supabase.
TIMED_OUT = [Ask("slow"), Ask("slow?select=slept", method="HEAD")]

PREFERENCES = [
    wares("select=id", "id=lt.3", headers=headers)
    for headers in (
        {"Prefer": "count=exact, handling=strict"},
        {"Prefer": "handling=strict, unheard=of"},
        {"Prefer": "handling=lenient, unheard=of"},
        {"Prefer": "count=nothing"},
        {"Prefer": "return=representation, count=exact"},
        {"Prefer": "params=single-object"},
        {"Accept-Profile": "public"},
        {"Accept-Profile": "auth"},
        {"Content-Profile": "auth"},
        {"Accept": "image/png", "Prefer": "handling=strict, a=b"},
    )
]


@pytest.mark.parametrize(
    "ask",
    [
        *BY_ROLE,
        *SELECT,
        *COMPARISONS,
        *FILTERS,
        *LOGIC,
        *ORDER,
        *PAGES,
        *MOST_ROWS,
        *FORMS,
        *HEADS,
        *TIMED_OUT,
        *PREFERENCES,
    ],
    ids=str,
)
def test_the_gateway_answers_as_postgrest_does(
    ask: Ask, gateway: Gateway, postgrest: httpx.Client
) -> None:
    ours, theirs = send(ask, gateway, postgrest)
    assert ours == theirs


# What PostgREST can do and the gateway cannot -------------------------------------------------

USER_ROW = json.dumps({"id": 9, "owner": USER}).encode()
UNSUPPORTED = {
    "embedding (many in select)": Ask("wares?select=id,many(n)"),
    "embedding (own in select)": Ask("wares?select=id,...own(body)"),
    "the description of the schema (OpenAPI)": Ask(""),
    "Accept: application/geo+json": Ask("wares", headers={"Accept": "application/geo+json"}),
    "Prefer: timezone=Europe/Berlin": Ask("wares", headers={"Prefer": "timezone=Europe/Berlin"}),
    "Prefer: params=single-object": Ask(
        "rpc/give_rows", headers={"Prefer": "params=single-object"}
    ),
    "response.headers and response.status of a function": Ask(
        "rpc/change_headers", method="POST", content=b"{}"
    ),
    "errors that a function raises with SQLSTATE PGRST": Ask(
        "rpc/fail", method="POST", content=b'{"p_sqlstate": "PGRST"}'
    ),
    "columns= of a function's arguments": Ask(
        "rpc/take_integer?columns=p_value", method="POST", content=b'{"p_value": 1}'
    ),
    "conditions that are nested this deeply": Ask(
        f"wares?or=({'or(' * 900}id.eq.1{')' * 900})", headers={"Accept": "*/*"}
    ),
    "writing rows of a table": Ask("own", "user", method="POST", content=USER_ROW),
    "PUT of a view": Ask("cheap_wares?id=eq.1", method="PUT", content=b'{"id": 1}'),
    "Content-Type: text/csv": Ask("own", "user", {"Content-Type": "text/csv"}, "POST", b"id\n1"),
}


@pytest.mark.parametrize(("feature", "ask"), UNSUPPORTED.items(), ids=UNSUPPORTED)
def test_what_the_gateway_lacks_is_named(
    feature: str, ask: Ask, gateway: Gateway, postgrest: httpx.Client
) -> None:
    ours, theirs = send(ask, gateway, postgrest)
    assert ours.status == 501
    assert ours.body["code"] == "0A000"
    assert ours.body["message"] == f"The local Supabase gateway does not support {feature}"
    assert theirs.status != 501
