"""`make codes CAMPAIGN=…`: make codes that give credits. APPLY=1 makes them.

    make codes CAMPAIGN=fair NAME="Book fair" CREDITS=50 COUNT=100 OUT=codes.csv
    make codes CAMPAIGN=welcome NAME=Welcome CREDITS=20 CODE=WELCOME20 UNTIL=2026-12-31

COUNT makes codes that each work once in all. CODE names one that works once for each person.
Further settings: DAYS until the credits expire, FROM and UNTIL (UTC days, both included),
NEW=1 for people who have bought nothing yet. Only hashes are kept, so codes are shown once.
The same command with another COUNT adds codes; the terms of a campaign do not change.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path
from typing import Any

from api._lib import database
from api._lib.credits.codes import MAX_CODES, hash_of, new_code, window_of
from ops.command import command, subject
from ops.findings import count

# SQLSTATEs of terms that a check or a type of the table refuses start like this.
_NOT_VALID = ("22", "23")


def main() -> int:
    """Show what would be made; or make it, and print the codes or write them to a new file."""
    asked = _parser().parse_args()
    problem = _problem(asked)
    if problem:
        print(problem, file=sys.stderr)
        return 2
    terms = _terms(asked)
    many = 1 if asked.code else asked.count
    if not (asked.apply or os.environ.get("APPLY") == "1"):
        _show(terms, many)
        return 0
    codes = [asked.code] if asked.code else [new_code() for _ in range(many)]
    out = Path(asked.out) if asked.out else None
    if out:
        # Before the database is told: codes that nobody has seen would be lost.
        try:
            out.touch(mode=0o600, exist_ok=False)
            out.write_text("".join(f"{code}\n" for code in codes), "utf-8")
        except OSError as error:
            print(f"{out} cannot be written: {error.strerror}. No code was made.", file=sys.stderr)
            return 1
    status = _add(terms, asked.who, codes)
    if status and out:
        out.unlink()
    if status == 0:
        print(f"Made {count(many, 'code')} of {terms['id']}.", file=sys.stderr)
        if not out:
            print(*codes, sep="\n")
    return status


def _parser() -> argparse.ArgumentParser:
    def setting(name: str) -> str | None:
        return os.environ.get(name) or None

    parser = argparse.ArgumentParser(prog="make codes", description=__doc__)
    parser.add_argument("campaign", nargs="?", default=setting("CAMPAIGN"), help="its id")
    parser.add_argument("--name", default=setting("NAME"), help="for people: the lot's name")
    parser.add_argument("--credits", default=setting("CREDITS"), type=int, help="what a code gives")
    parser.add_argument("--count", default=setting("COUNT"), type=int, help="how many to make")
    parser.add_argument("--code", default=setting("CODE"), help="one word for everybody")
    parser.add_argument("--days", default=setting("DAYS"), type=int, help="until credits expire")
    parser.add_argument("--from", dest="first", default=setting("FROM"), type=date.fromisoformat)
    parser.add_argument("--until", default=setting("UNTIL"), type=date.fromisoformat)
    parser.add_argument("--new", action="store_true", default=setting("NEW") == "1")
    parser.add_argument("--who", default=setting("WHO"), help="your name")
    parser.add_argument("--out", default=setting("OUT"), help="a new file, a code in each line")
    parser.add_argument("--apply", action="store_true", help="make them; otherwise only show")
    return parser


def _problem(asked: argparse.Namespace) -> str | None:
    """Return what is missing or wrong, as a sentence."""
    if not (asked.campaign and asked.name and asked.credits and asked.who):
        return (
            'Say at least: make codes CAMPAIGN=fair NAME="Book fair" CREDITS=50 COUNT=100 WHO=ann'
        )
    if bool(asked.code) == bool(asked.count):
        return "Give COUNT for codes that work once, or CODE for one that works for everybody."
    if asked.code and hash_of(asked.code) is None:
        return "CODE has 4 to 64 letters from A to Z and digits."
    if asked.count and not 1 <= asked.count <= MAX_CODES:
        return f"COUNT is from 1 to {MAX_CODES:,}."
    return None


def _terms(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the campaign as add_credit_codes takes it."""
    return {
        "id": asked.campaign,
        "name": asked.name,
        "credits": asked.credits,
        "codes_work_once": not asked.code,
        "new_customers_only": asked.new,
        "valid_days": asked.days,
        **window_of(asked.first, asked.until),
    }


def _show(terms: dict[str, Any], many: int) -> None:
    each = "once in all" if terms["codes_work_once"] else "once for each person"
    print(f"Nothing is written. For {subject()} this would make {count(many, 'code')}:")
    print(f"  {terms['name']}: {count(terms['credits'], 'credit')}, {each}")
    print(f"  works from {terms['starts_at'] or 'now'} to {terms['ends_at'] or 'for good'}")
    days = terms["valid_days"]
    print(f"  credits expire after {count(days, 'day')}" if days else "  credits do not expire")
    if terms["new_customers_only"]:
        print("  only for people who have bought nothing yet")
    print("  Do it with APPLY=1, and with OUT=codes.csv for a file")


def _add(terms: dict[str, Any], who: str, codes: list[str]) -> int:
    try:
        added = database.call(
            "add_credit_codes",
            p_campaign=terms,
            p_actor=who,
            p_hashes=[hash_of(code) for code in codes],
        )
    except database.DatabaseError as error:
        if error.code == "PT409":
            print(
                f"{terms['id']} exists with other terms, or the code belongs to another campaign."
                " No code was made.",
                file=sys.stderr,
            )
        elif error.code.startswith(_NOT_VALID):
            print(
                "These terms are not valid: CAMPAIGN is a word of a-z, 0-9, - and _; CREDITS is at"
                " least 1; DAYS is from 1 to 3650; UNTIL is not before FROM. No code was made.",
                file=sys.stderr,
            )
        else:
            raise
        return 1
    if added < len(codes):
        print("This code exists already. No code was made.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    command(main)
