"""CSV: quoted where it must be, and nothing in it that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api._lib.csv_text import csv_text


def read_again(rows: list[list[str]]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_text(rows), newline="")))


@pytest.mark.parametrize(
    "cell",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\N{NO-BREAK SPACE}=1", '=cmd|"/c calc"!A1'),
        *("\N{FULLWIDTH EQUALS SIGN}1+1", "\N{FULLWIDTH COMMERCIAL AT}SUM(A1)", '"=1"'),
    ],
)
def test_a_text_that_would_run_begins_with_an_apostrophe(cell: str) -> None:
    assert read_again([[cell]]) == [["'" + cell]]


@pytest.mark.parametrize("cell", ["\tname", "\r=1", "\n=1", "\t\n -1"])
def test_a_text_that_begins_with_a_control_character_begins_with_an_apostrophe(cell: str) -> None:
    assert read_again([[cell]])[0][0].startswith("'")


@pytest.mark.parametrize("separator", [";", "\t", "\r", "\n", "; ", ';"'])
@pytest.mark.parametrize("text", ["Report{}=1+1.txt", "a{}@SUM(A1)", "a;b{}-1", "a,b{}+1"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_no_cell_begins_in_the_middle_of_a_text_with_what_would_run(
    separator: str, text: str, delimiter: str
) -> None:
    """With a comma in numbers, a spreadsheet takes a semicolon for what separates cells."""
    written = csv_text([["date", text.format(separator), 5]])
    for line in written.splitlines():
        for cell in line.split(delimiter):
            assert not cell.lstrip(' "').startswith(tuple("=+-@")), written


def test_signs_within_a_text_stay_as_they_are() -> None:
    text = "a-b; c=d, e@example.com; 5 - 3"
    assert read_again([[text]]) == [[text]]


def test_numbers_keep_their_sign_and_nothing_is_an_empty_cell() -> None:
    assert csv_text([[-5, Decimal("-4.99"), None, "a,b", 'a"b']]) == '-5,-4.99,,"a,b","a""b"\r\n'


TEXTS = st.text() | st.text(st.sampled_from("=+-@;\"' \t\r\n,a1"))


@given(rows=st.lists(st.lists(TEXTS, min_size=2, max_size=4), max_size=4))
def test_what_is_written_is_read_again(rows: list[list[str]]) -> None:
    read = read_again(rows)
    assert [[cell.replace("'", "") for cell in row] for row in read] == [
        [cell.replace("'", "") for cell in row] for row in rows
    ]
    signs = tuple("=+-@")
    parts = [part for row in read for cell in row for part in re.split("[;\t\r\n]", cell)]
    assert not any(part.lstrip().lstrip('"').startswith(signs) for part in parts)
    assert not any(cell.startswith(("\t", "\r", "\n")) for row in read for cell in row)
