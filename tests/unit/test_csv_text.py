"""CSV: quoted where it must be, and nothing in it that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api._lib.csv_text import csv_text


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", '=cmd|"/c calc"!A1'],
)
def test_a_text_that_would_run_begins_with_an_apostrophe(cell: str) -> None:
    assert list(csv.reader(io.StringIO(csv_text([[cell]]), newline=""))) == [["'" + cell]]


def test_numbers_keep_their_sign_and_nothing_is_an_empty_cell() -> None:
    assert csv_text([[-5, Decimal("-4.99"), None, "a,b", 'a"b']]) == '-5,-4.99,,"a,b","a""b"\r\n'


@given(rows=st.lists(st.lists(st.text(), min_size=2, max_size=4), max_size=4))
def test_what_is_written_is_read_again(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert [[cell.removeprefix("'") for cell in row] for row in read] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not any(cell.lstrip(" ").startswith(tuple("=+-@\t\r\n")) for row in read for cell in row)
