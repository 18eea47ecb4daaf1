"""Random queries are answered by the gateway as by the real PostgREST."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.profiles import examples
from tests.standins.supabase.compare import COUNTS, OBJECT, ROLES, Ask, send

if TYPE_CHECKING:
    import httpx

    from tests.standins.supabase.services import Gateway

COLUMNS = st.sampled_from(
    ["id", "name", "price", "weight", "active", "made_on", "made_at", "tags", "details", "span"]
)
JSON_PATHS = st.sampled_from(["", "", "", "->a", "->>c", "->a->b->0", "->>0", "->-1"])
FIELDS = st.builds("{}{}".format, COLUMNS, JSON_PATHS)
CASTS = st.sampled_from(["", "", "::text", "::numeric", "::json", "::nothing"])
ALIASES = st.sampled_from(["", "", "x:", "id:", '"a b":'])
SELECTED = st.one_of(st.just("*"), st.builds("{}{}{}".format, ALIASES, FIELDS, CASTS))
WORDS = st.sampled_from(
    ["1", "0", "anvil", "Bell", "an*", "5.00", "true", "2026-01-02", "{iron}", "[1,5)", "null", ""]
)
TEXTS = st.one_of(WORDS, st.text("ab1,.()\"\\{}%*_' é💎-:>", max_size=6))
QUOTED = TEXTS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
LISTS = st.lists(st.one_of(WORDS, QUOTED), max_size=3).map(lambda found: f"({','.join(found)})")
OPERATORS = st.sampled_from(["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "isdistinct"])
TRUTHS = st.sampled_from(["null", "true", "false", "unknown"])
NEGATIONS = st.sampled_from(["", "", "not."])


def operations(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return what may stand behind a column."""
    positive = st.one_of(
        st.builds("{}.{}".format, OPERATORS, values),
        LISTS.map("in.{}".format),
        TRUTHS.map("is.{}".format),
    )
    return st.builds("{}{}".format, NEGATIONS, positive)


LOGIC_TREES = st.recursive(
    st.builds("{}.{}".format, FIELDS, operations(st.one_of(WORDS, QUOTED))),
    lambda inner: st.builds(
        "{}{}({})".format,
        NEGATIONS,
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=1, max_size=3).map(",".join),
    ),
    max_leaves=5,
)
DIRECTIONS = st.sampled_from(["", "", ".asc", ".desc", ".nullsfirst", ".desc.nullslast"])
PARAMETERS = st.one_of(
    st.lists(SELECTED, max_size=4).map(lambda found: f"select={','.join(found)}"),
    st.builds("{}={}".format, FIELDS, operations(TEXTS)),
    st.builds(
        "{}{}=({})".format,
        NEGATIONS,
        st.sampled_from(["and", "or"]),
        st.lists(LOGIC_TREES, min_size=1, max_size=3).map(",".join),
    ),
    st.lists(st.builds("{}{}".format, FIELDS, DIRECTIONS), min_size=1, max_size=3).map(
        lambda found: f"order={','.join(found)}"
    ),
    st.builds("limit={}".format, st.integers(-1, 9)),
    st.builds("offset={}".format, st.integers(-1, 9)),
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Return a parameter with one character inserted, removed or doubled."""
    text = draw(PARAMETERS)
    place = draw(st.integers(0, len(text) - 1))
    change = draw(st.sampled_from(["", text[place] * 2, *"().,:\"'\\-> &=é\t"]))
    return text[:place] + change + text[place + 1 :]


@st.composite
def requests(draw: st.DrawFn) -> Ask:
    """Return a read with parameters of PostgREST's grammar, of which some are damaged."""
    drawn = draw(st.lists(st.one_of(PARAMETERS, PARAMETERS, PARAMETERS, damaged()), max_size=4))
    pairs = [parameter.partition("=") for parameter in drawn]
    encoded = "&".join(quote(key, safe="") + "=" + quote(text, safe="") for key, _, text in pairs)
    headers = {
        "Accept": draw(st.sampled_from(["application/json", OBJECT, "text/csv", "*/*"])),
        "Prefer": draw(st.sampled_from(["", *COUNTS])),
        "Range": draw(st.sampled_from(["", "", "0-1", "2-", "5-3"])),
    }
    source = draw(st.sampled_from(["wares", "wares", "cheap_wares", "own", "rpc/find_wares"]))
    if source.startswith("rpc/"):
        encoded += "&p_name=anvil"
    who = draw(st.sampled_from(ROLES))
    method = draw(st.sampled_from(["GET", "GET", "GET", "HEAD"]))
    return Ask(f"{source}?{encoded}", who, headers, method)


def differs_knowingly(ask: Ask) -> bool:
    """Whether the gateway gives another answer on purpose.

    Damage can make a parenthesis in `select`, which asks for an embedded table. With an empty
    `select`, PostgREST adds a function's arguments and its own columns to the function's rows.
    """
    embeds = re.search(r"[?&]select=[^&]*%28", ask.path)
    selects_nothing = re.search(r"[?&]select=(?:&|$)", ask.path)
    return bool(embeds) or (ask.path.startswith("rpc/") and bool(selects_nothing))


@given(requests())
@settings(max_examples=examples(cost=2))
def test_a_query_of_the_grammar_is_answered_alike(
    gateway: Gateway, postgrest: httpx.Client, ask: Ask
) -> None:
    assume(not differs_knowingly(ask))
    ours, theirs = send(ask, gateway, postgrest)
    event(f"status {theirs.status}")
    assert ours == theirs
