"""How codes are made and read."""

from __future__ import annotations

import re

import pytest

from api._lib.credits.codes import ALPHABET, hash_of, new_code


def test_a_new_code_is_four_groups_that_nobody_can_guess() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(re.fullmatch(rf"([{ALPHABET}]{{4}}-){{3}}[{ALPHABET}]{{4}}", code) for code in codes)


@pytest.mark.parametrize(
    "typed", ["WELCOME10", "welcome10", " Welcome-10 ", "WE1COME1O", "we lc om e\u00a010"]
)
def test_what_people_type_is_the_same_code(typed: str) -> None:
    assert hash_of(typed) == hash_of("WELCOME10")


@pytest.mark.parametrize("typed", ["", "   ", "abc", "naïve code", "x" * 65, "a" * 10_000, "١٢٣٤"])
def test_what_is_no_code_has_no_hash(typed: str) -> None:
    assert hash_of(typed) is None


def test_other_codes_have_other_hashes() -> None:
    assert hash_of("WELCOME10") != hash_of("WELCOME20")
