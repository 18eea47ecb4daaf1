"""Writes the samples into a folder: `python -m tests.readers.make_samples FOLDER`.

Beside them stands `expected.txt`: what the Files page has to show of each. Samples that are larger
than the local storage takes are left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.readers import documents, recordings, texts
from tests.readers.rows import MissingProgramError, Refused, Row, Sound


def main() -> None:
    """Write them, and say what was written."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for row in (*recordings.ROWS, *texts.ROWS, *documents.ROWS):
        if row.is_large:
            continue
        try:
            row.write(folder)
        except MissingProgramError as error:
            lines.append(f"{row.name}: not written, {error}")
        else:
            lines.append(f"{row.name}: {shown(row)}")
    text = "\n".join(lines)
    (folder / "expected.txt").write_text(f"{text}\n", "utf-8")
    print(text)


def shown(row: Row) -> str:
    """Say what the Files page has to show of a sample."""
    expected = row.expected
    if isinstance(expected, Refused):
        return f"refused, nothing charged ({expected.code}: {expected.says})"
    if isinstance(expected, Sound):
        title = f", title {expected.title!r}" if expected.title else ""
        return f"{expected.format.upper()}, about {expected.seconds:g} s{title}"
    count = len(expected.chapters)
    words = f", {expected.words} words" if expected.words else ""
    return f"{count} chapter{'s' if count > 1 else ''}{words}: {' / '.join(expected.chapters[:6])}"


if __name__ == "__main__":
    main()
