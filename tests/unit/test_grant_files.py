"""A file of grants as people and spreadsheets write it, and what is wrong with it."""

from __future__ import annotations

import pytest

from api._lib.desk.grant_files import MAX_FILE_BYTES, MAX_LINES, GrantLine, read_lines
from api._lib.errors import InvalidRequestError


def one(text: str) -> GrantLine:
    """Return the only line of a file with all columns."""
    (line,) = read_lines("person,credits,valid_days,note\n" + text)
    return line


def refused(text: str) -> str:
    """Return why a file cannot be read."""
    with pytest.raises(InvalidRequestError) as caught:
        read_lines(text)
    assert caught.value.code == "invalid_csv"
    # As the description of the API says.
    assert len(caught.value.message) <= 200
    return caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "person,credits,note\nada@example.com,40,Hi\n",
        "\ufeffperson,credits,note\r\nada@example.com,40,Hi\r\n",
        "person;credits;note\nada@example.com;40;Hi",
        "person\tcredits\tnote\nada@example.com\t40\tHi",
        '"person", "credits", "note"\n"ada@example.com", "40", "Hi"\n',
        "Note, Person , CREDITS,,\n Hi ,ada@example.com,40,,\n",
        "\n\nperson,credits,note\nada@example.com,40,Hi\n",
        "person,credits,note\rada@example.com,40,Hi\r",
    ],
)
def test_a_file_is_read_as_spreadsheets_write_it(text: str) -> None:
    (line,) = read_lines(text)
    assert (line.person, line.credits, line.valid_days, line.note, line.fault) == (
        "ada@example.com",
        40,
        None,
        "Hi",
        None,
    )


def test_lines_are_numbered_as_an_editor_shows_them() -> None:
    text = 'person,credits,note\na@example.com,1,"two\nlines"\n\n,,\nb@example.com,2\n'
    assert [(each.line, each.last_line) for each in read_lines(text)] == [(2, 3), (6, 6)]


def test_what_a_cell_lacks_at_the_end_is_empty() -> None:
    line = one("ada@example.com,40")
    assert (line.valid_days, line.note, line.fault) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (",40", "It names no person."),
        ("ada@example.com", "Credits must be a whole number"),
        *(
            (f"ada@example.com,{credits_}", "Credits must be a whole number")
            for credits_ in ("0", "-5", "1.0", '"1,000"', "1e3", "forty", "=40", "٤٠", "1000000001")
        ),
        ("ada@example.com,9999999999", "Credits must be a whole number"),
        ("ada@example.com,40,0", "Days must be a whole number"),
        ("ada@example.com,40,3651", "Days must be a whole number"),
        ("ada@example.com,40,soon", "Days must be a whole number"),
        (f"ada@example.com,40,,{'x' * 2001}", "A note has at most"),
        ("ada@example.com,40,,\x07", "A note has at most"),
        ("a\x00@example.com,40", "Nobody is named so."),
        (f"{'a' * 256},40", "Nobody is named so."),
        ("ada@example.com,40,,Hi,more", "It has more cells"),
    ],
)
def test_a_fault_of_a_line_is_said_and_the_others_are_read(text: str, fault: str) -> None:
    bad, good = read_lines(f"person,credits,valid_days,note\n{text}\nb@example.com,7,30,\n")
    assert bad.fault is not None
    assert bad.fault.startswith(fault)
    assert (good.credits, good.valid_days, good.note, good.fault) == (7, 30, None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "The file is empty."),
        ("\n\n", "The file is empty."),
        ("person,credits\n", "The file has a header line and no other."),
        ("ada@example.com,40\n", "The first line must name the columns"),
        ("person,note\na,b\n", "The first line must name the columns"),
        ("person,credits,valid_day\na,1,30\n", "The first line must name the columns"),
        ("person,credits,credits\na,1,1\n", "The first line must name the columns"),
        ('person,credits\n"a,1\nb,2\n', "Line 3 is no CSV"),
        ('person,credits\n"a"b,1\n', "Line 2 is no CSV"),
        ("person,credits\n" + "a,1\n" * (MAX_LINES + 1), "The file has 501 lines."),
        ("person,credits\na,1\n" + "é" * (MAX_FILE_BYTES // 2), "The file is larger than 256 KB."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: str, why: str) -> None:
    assert refused(text).startswith(why)


def test_the_longest_file_is_read() -> None:
    assert len(read_lines("person,credits\n" + "a,1\n" * MAX_LINES)) == MAX_LINES
