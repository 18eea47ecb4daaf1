"""Edits of SQL functions, by their text; some do not parse, and count for nothing.

Only functions' bodies are edited, each mutant one `create or replace function`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.mutation.mutant import Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FUNCTION = re.compile(
    r"^create (function (?:public|purse)\.(\w+)\(.*?^as \$\$\n)(.*?)(^\$\$;)",
    re.DOTALL | re.MULTILINE,
)
COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
# Nothing but the raise that test_access.py looks at.
SKIPPED_FUNCTIONS = ("forbid_ledger_change",)

WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r" = ", (" <> ",)),
    (r" <> ", (" = ",)),
    (r" < ", (" <= ", " > ")),
    (r" > ", (" >= ", " < ")),
    (r" \+ ", (" - ",)),
    (r" - ", (" + ",)),
    (r" \* ", (" / ",)),
    (r" / ", (" * ",)),
    (r"(?<=[(\s])-(?=v_)", ("",)),
    (r"\bleast\(", ("greatest(",)),
    (r"\bgreatest\(", ("least(",)),
    (r"\bceil\(", ("floor(", "round(")),
    (r"\band\b", ("or",)),
    (r"\bor\b", ("and",)),
    (r"\bnot (?!null|found)", ("",)),
    (r"\bnot found\b", ("found",)),
    (r"\bis null\b", ("is not null",)),
    (r"\bis not null\b", ("is null",)),
    (r"\bfor update\b", ("",)),
    (r"\bstrict\b", ("",)),
    (r"\bfalse\b", ("true",)),
    (r"\btrue\b", ("false",)),
    (r"(?<![\w'])0(?![\w'])", ("1",)),
    (r"(?<![\w'])1(?![\w'])", ("2", "0")),
    (r"'[^'\n]*'", ("'mutant'",)),
    (r"\bexcluded\.\w+", ("null",)),
    (r"(?<=\n)\s+(?:and|or)\b[^\n;]*?(?= then$|;?$)", ("",)),
    (r"(?<=\n)\s+where\b[^\n;)]*(?:\n\s+(?:and|or)\b[^\n;)]*)*", ("",)),
    (r"(?<=\n)\s+\w+ = [^\n]*(?=,\n)", ("",)),
    (r"(?<=\n {8})\(?p_facts ->> [^\n]*?(?=,?\n)", ("null",)),
    (r"(?<=\n {8})case when [^\n]* end(?=,?\n)", ("null",)),
)
# Of these a mutant may also be one of the arguments alone.
CHOICES = re.compile(r"\b(?:least|greatest|coalesce)\(")


def mutants(path: Path) -> Iterator[Mutant]:
    """Generate every mutant of a file's functions, one edit each."""
    source = COMMENT.sub(lambda comment: " " * len(comment[0]), path.read_text("utf-8"))
    for function in FUNCTION.finditer(source):
        head, name, body, tail = function.groups()
        if name in SKIPPED_FUNCTIONS:
            continue
        seen = {body}
        for start, end, after in _edits(body):
            edited = body[:start] + after + body[end:]
            if edited in seen:
                continue
            seen.add(edited)
            line = source.count("\n", 0, function.start(3) + start) + 1
            if body[start] == "\n" or body[start:end].startswith("\n"):
                line += 1
            first, last = body.rfind("\n", 0, start) + 1, body.find("\n", end)
            yield Mutant(
                place=f"{path.name}:{line} {name}",
                before=body[first:last],
                after=edited[first : last + len(edited) - len(body)],
                text=f"create or replace {head}{edited}{tail}",
            )


def _edits(body: str) -> Iterator[tuple[int, int, str]]:
    for pattern, replacements in WORDS:
        for found in re.finditer(pattern, body, re.MULTILINE):
            for replacement in replacements:
                # A comma's line goes with its comma.
                comma = pattern.endswith(r"(?=,\n)") and not replacement
                yield found.start(), found.end() + comma, replacement
    for found in CHOICES.finditer(body):
        end, arguments = _arguments(body, found.end())
        for argument in arguments:
            yield found.start(), end, argument
    if re.search(r"^begin$", body, re.MULTILINE):
        yield from _statements(body)


def _arguments(body: str, start: int) -> tuple[int, list[str]]:
    """Return where a call's parenthesis closes, and its arguments."""
    depth, arguments, first = 0, [], start
    for position in range(start, len(body)):
        character = body[position]
        if depth == 0 and character in ",)":
            arguments.append(body[first:position].strip())
            first = position + 1
            if character == ")":
                return position + 1, arguments
        depth += {"(": 1, ")": -1}.get(character, 0)
    raise ValueError(body[start : start + 40])


def _statements(body: str) -> Iterator[tuple[int, int, str]]:
    """Drop each statement of a plpgsql body; make each condition always and never true."""
    position = body.index("begin\n") + len("begin\n")
    start: int | None = None
    for line in body[position:].splitlines(keepends=True):
        text = line.strip()
        if start is None and text not in ("", "else", "end", "end if;"):
            start = position + line.index(text)
        end = position + len(line.rstrip())
        position += len(line)
        if start is None:
            continue
        condition = re.match(r"(if|elsif) .* then$", body[start:end], re.DOTALL)
        if condition:
            yield start, end, f"{condition[1]} true then"
            yield start, end, f"{condition[1]} false then"
            start = None
        elif text.endswith(";") and not re.match(r"(if|elsif) ", body[start:end]):
            yield start, end, "null;"
            start = None
