"""Exact origins, and addresses within them: look-alikes are refused by every parser's reading."""

from __future__ import annotations

import json
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api._lib.errors import InvalidRequestError
from api._lib.origins import origin_problem
from api._lib.payments.return_address import MAX_CHARS, return_address, with_session_id
from tests.support import cannot_run

ALLOWED = ("https://shop.example.com", "http://localhost:5173", "https://xn--bcher-kva.example")

LOOK_ALIKES = (
    "https://shop.example.com.evil.test",
    "https://shop.example.com.evil.test/credits",
    "https://shop.example.com@evil.test",
    "https://shop.example.com:443@evil.test/",
    "https://shop.example.com:pass@evil.test/",
    "https://user@shop.example.com/",
    "https://shop.example.com\\@evil.test",
    "https://shop.example.com\\.evil.test",
    "https:\\\\shop.example.com/",
    "https://evil.test\\@shop.example.com",
    "https://shop.example.com\t.evil.test",
    "https://shop.example.com\n/",
    "\thttps://shop.example.com/",
    " https://shop.example.com/",
    "https://shop.example.com /",
    "https://shop.example.com/ a",
    "https://shop.example.com\x00.evil.test",
    "https://shop.example.com%2eevil.test",
    "https://shop.example.com%00.evil.test",
    "https://shop.example.com%40evil.test",
    "https://shop.example.com:444/",
    "https://shop.example.com:443/",
    "https://shop.example.com:/",
    "https://shop.example.com.",
    "https://shop.example.com./",
    "https://shop.example.comevil.test",
    "https://shop.example.com-evil.test",
    "https://SHOP.example.com/",
    "HTTPS://shop.example.com/",
    "http://shop.example.com/",
    "https:shop.example.com/",
    "https:/shop.example.com/",
    "https:///shop.example.com/",
    "//shop.example.com/",
    "/credits",
    "shop.example.com/credits",
    "javascript:alert(1)//https://shop.example.com/",
    "data:text/html,https://shop.example.com/",
    "https://evil.test/https://shop.example.com/",
    "https://evil.test?https://shop.example.com/",
    "https://evil.test#https://shop.example.com/",
    "https://sub.shop.example.com/",
    "https://example.com/",
    "https://shop。example.com/",
    "https://\u0455hop.example.com/",
    "https://bücher.example/",
    "https://xn--bcher-kva.example.evil.test/",
    "http://localhost:51730/",
    "http://localhost/",
    "http://127.0.0.1:5173/",
    "http://localhost:5173@evil.test/",
    "",
)
NOT_WHOLE = (
    "https://shop.example.com/#",
    "https://shop.example.com/credits#bought",
    "https://shop.example.com/%",
    "https://shop.example.com/%0d%0aLocation:%20https://evil.test",
    "https://shop.example.com/%00",
    "https://shop.example.com/%7f",
    "https://shop.example.com/%zz",
    "https://shop.example.com/{CHECKOUT_SESSION_ID}",
    "https://shop.example.com/a\\b",
    "https://shop.example.com/ü",
    "https://shop.example.com/\n",
    "https://shop.example.com/?session_id=cs_other",
    "https://shop.example.com/?a=b&session%5Fid=cs_other",
    "https://shop.example.com/?session_id",
    "https://shop.example.com/" + "a" * MAX_CHARS,
)
WITHIN = (
    "https://shop.example.com",
    "https://shop.example.com/",
    "https://shop.example.com?from=purse",
    "https://shop.example.com/credits/bought?lang=de&x=%C3%BC",
    "https://shop.example.com//evil.test/@evil.test",
    "https://shop.example.com/?next=https://evil.test",
    "http://localhost:5173/",
    "https://xn--bcher-kva.example/",
)


def accepts(address: object) -> bool:
    try:
        return return_address("return_url", address, ALLOWED) is not None
    except InvalidRequestError:
        return False


@pytest.mark.parametrize("address", WITHIN)
def test_an_address_within_an_allowed_origin_is_kept_as_it_is(address: str) -> None:
    assert return_address("return_url", address, ALLOWED) == address


@pytest.mark.parametrize("address", [*LOOK_ALIKES, *NOT_WHOLE])
def test_look_alikes_and_what_is_not_whole_are_refused(address: str) -> None:
    assert not accepts(address)


@pytest.mark.parametrize("value", [1, True, [], {}, [ALLOWED[0]], 1.5])
def test_what_is_no_text_is_refused(value: object) -> None:
    assert not accepts(value)


def test_a_refusal_names_the_field_and_has_a_code() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        return_address("cancel_url", "https://evil.test", ALLOWED)
    assert refused.value.code == "return_address_not_allowed"
    assert refused.value.message == (
        "cancel_url must be within one of the origins in this site's ALLOWED_ORIGINS."
    )


def test_without_allowed_origins_every_address_is_refused() -> None:
    assert return_address("return_url", None, ()) is None
    with pytest.raises(InvalidRequestError):
        return_address("return_url", WITHIN[0], ())


def test_the_session_id_joins_a_query_that_is_there() -> None:
    wanted = "session_id={CHECKOUT_SESSION_ID}"
    assert with_session_id("https://a.example/x") == f"https://a.example/x?{wanted}"
    assert with_session_id("https://a.example/x?y=1") == f"https://a.example/x?y=1&{wanted}"


PIECES = st.sampled_from(
    [
        *ALLOWED,
        *("https://", "http:", "//", "/", "\\", "@", ":", "?", "#", ".", "%", "%2f", "%40"),
        *("evil.test", "shop", ".com", "\t", "\n", " ", "\u3002", "{", "session_id="),
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=6).map("".join))
@example("https://shop.example.com/@evil.test")
def test_whatever_is_accepted_leads_to_an_allowed_origin(address: str) -> None:
    if accepts(address):
        parts = urlsplit(with_session_id(address))
        assert f"{parts.scheme}://{parts.netloc}" in ALLOWED
        assert parts.username is None
        assert parts.fragment == ""
        assert parts.query.count("session_id=") == 1


def test_browsers_read_the_accepted_addresses_alike_and_go_elsewhere_by_look_alikes() -> None:
    """Node.js parses URLs as browsers do (https://url.spec.whatwg.org)."""
    node = shutil.which("node")
    if node is None:
        cannot_run("no Node.js here: addresses were not read as browsers read them")
    script = """
    const origin = (text) => URL.canParse(text) ? new URL(text).origin : null;
    const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
    console.log(JSON.stringify(given.map(origin)));
    """
    done = subprocess.run(
        [node, "-e", script],
        input=json.dumps([*WITHIN, *LOOK_ALIKES]),
        capture_output=True,
        text=True,
        check=True,
    )
    origins = json.loads(done.stdout)
    assert set(origins[: len(WITHIN)]) == set(ALLOWED)
    assert "https://evil.test" in origins[len(WITHIN) :]


@pytest.mark.parametrize(
    "origin",
    [
        *ALLOWED,
        "http://127.0.0.1:3008",
        "https://localhost:8443",
        "https://192.0.2.7",
        "https://a.example:65535",
    ],
)
def test_an_exact_origin_has_no_problem(origin: str) -> None:
    assert origin_problem(origin) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("shop.example.com", "begin with https://"),
        ("ftp://shop.example.com", "begin with https://"),
        ("HTTPS://shop.example.com", "begin with https://"),
        ("null", "begin with https://"),
        ("*", "begin with https://"),
        ("http://shop.example.com", "http:// is for localhost"),
        ("http://localhost.evil.test", "http:// is for localhost"),
        ("http://[::1]:3000", "is not an origin"),
        ("https://*.example.com", "wildcard"),
        ("https://user:pass@shop.example.com", "user name"),
        ("https://shop.example.com/", "end with a slash"),
        ("https://shop.example.com/app", "path"),
        ("https://shop.example.com/app/", "path"),
        ("https://shop.example.com?x=1", "query"),
        ("https://shop.example.com#x", "fragment"),
        ("https://Shop.example.com", "lower case"),
        ("https://bücher.example", "xn--"),
        ("https://shop.example.com:443", "leave out :443"),
        ("http://localhost:80", "leave out :80"),
        ("https://shop.example.com:65536", "port above"),
        ("https://shop.example.com:0", "is not an origin"),
        ("https://shop.example.com:", "is not an origin"),
        ("https://shop.example.com.", "is not an origin"),
        ("https://-shop.example.com", "is not an origin"),
        ("https://shop_a.example.com", "is not an origin"),
        ("https://shop.example.com\\evil", "is not an origin"),
        ("https://a b", "without spaces"),
        ("https://", "is not an origin"),
    ],
)
def test_a_malformed_origin_is_told_what_is_wrong(text: str, problem: str) -> None:
    found = origin_problem(text)
    assert found is not None
    assert problem in found
