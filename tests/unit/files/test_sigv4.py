"""files/sigv4.py: signatures are those that botocore makes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from api._lib.files.sigv4 import AccessKey, canonical_query, presign, sign

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-central-1")
CREDENTIALS = Credentials(KEY.access_key_id, KEY.secret)
NOW = datetime(2026, 11, 25, 8, 9, 10, tzinfo=UTC)
URL = "https://abc.storage.supabase.co/storage/v1/s3/purse-files/u/f/source%20%C3%BC.docx"

QUERIES = st.dictionaries(st.text(min_size=1, max_size=12), st.text(max_size=30), max_size=5)
HEADERS = st.dictionaries(
    st.from_regex(r"\Ax-[a-z][a-z-]{0,10}[a-z]\Z"),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    max_size=4,
)
ABSENT = st.sets(st.from_regex(r"\Ay-[a-z]{1,10}\Z"), max_size=3)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"])


@given(method=METHODS, query=QUERIES, headers=HEADERS, payload=st.binary(max_size=40))
def test_botocore_signs_headers_the_same(
    method: str, query: dict[str, str], headers: dict[str, str], payload: bytes
) -> None:
    ours = sign(KEY, method, URL, now=NOW, query=query, headers=headers, payload=payload)
    url = f"{URL}?{canonical_query(query)}" if query else URL
    unsigned = {name: text for name, text in ours.items() if name != "authorization"}
    request = AWSRequest(method, url, headers=unsigned, data=payload)
    request.context["timestamp"] = unsigned["x-amz-date"]
    judge = S3SigV4Auth(CREDENTIALS, "s3", KEY.region)
    canonical = judge.canonical_request(request)
    expected = judge.signature(judge.string_to_sign(request, canonical), request)
    assert ours["authorization"].endswith(f"Signature={expected}")
    assert f"Credential={judge.scope(request)}," in ours["authorization"]


class Judge(S3SigV4QueryAuth):  # botocore has no types
    """botocore's signer, which also names headers that must be absent."""

    def __init__(self, absent: Collection[str]) -> None:
        super().__init__(CREDENTIALS, "s3", KEY.region)
        self._absent = absent

    def signed_headers(self, headers_to_sign: Mapping[str, str]) -> str:
        return ";".join(sorted({*headers_to_sign.keys(), *self._absent}))


@given(method=METHODS, query=QUERIES, headers=HEADERS, absent=ABSENT)
def test_botocore_presigns_the_same(
    method: str, query: dict[str, str], headers: dict[str, str], absent: set[str]
) -> None:
    url = presign(
        KEY, method, URL, now=NOW, seconds=900, query=query, headers=headers, absent=absent
    )
    base, _, sent = url.partition("?")
    rest, _, signature = sent.partition("&X-Amz-Signature=")
    assert dict(parse_qsl(rest, keep_blank_values=True))["X-Amz-Expires"] == "900"
    request = AWSRequest(method, f"{base}?{rest}", headers=headers)
    request.context["timestamp"] = "20261125T080910Z"
    judge = Judge(absent)
    canonical = judge.canonical_request(request)
    assert judge.signature(judge.string_to_sign(request, canonical), request) == signature


def test_a_presigned_url_is_good_for_a_week_at_most() -> None:
    url = presign(KEY, "GET", URL, now=NOW, seconds=10**9)
    assert dict(parse_qsl(urlsplit(url).query))["X-Amz-Expires"] == "604800"


def test_a_key_does_not_show_itself() -> None:
    assert KEY.secret not in repr(KEY)
