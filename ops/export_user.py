"""`make export-user USER=…`: a copy of a person's data as one JSON document, or into OUT=file.

It has the profile, orders with their refunds, ledger rows, lots, holds, the list of files, and the
ids at Stripe. USER is an id, an e-mail address or a phone number.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from api._lib.accounts.export import export_all
from ops.command import command
from ops.findings import count
from ops.forget import find


def main() -> int:
    """Print the document, or write it to a file that only its owner may read."""
    parser = argparse.ArgumentParser(prog="make export-user", description=__doc__)
    parser.add_argument("user", nargs="?", help="whose")
    parser.add_argument("--out", default=os.environ.get("OUT"), help="a file to write")
    asked = parser.parse_args()
    if not asked.user:
        print("Name the person: make export-user USER=ada@example.com", file=sys.stderr)
        return 2
    user_id = find(asked.user)
    if user_id is None:
        print(f"Nobody has signed up as {asked.user}.", file=sys.stderr)
        return 1
    data = export_all(user_id)
    document = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    if not asked.out:
        sys.stdout.write(document)
        return 0
    path = Path(asked.out)
    path.touch(mode=0o600)
    path.write_text(document, "utf-8")
    print(f"Wrote {count(len(data['transactions']), 'ledger row')} and all else to {path}.")
    return 0


if __name__ == "__main__":
    command(main)
