"""`make types`: write public/openapi.d.ts, the TypeScript types of public/openapi.json."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.tools.npm import MissingToolError, tool

PUBLIC = Path(__file__).parents[2] / "public"
DESCRIPTION = PUBLIC / "openapi.json"
TYPES = PUBLIC / "openapi.d.ts"


def write_types(target: Path = TYPES) -> None:
    """Generate the types.

    Raises:
        MissingToolError: openapi-typescript cannot be had here.
    """
    subprocess.run(
        [tool("openapi-typescript"), DESCRIPTION, "--output", target],
        check=True,
        capture_output=True,
        timeout=120,
    )


if __name__ == "__main__":
    try:
        write_types()
    except MissingToolError as error:
        sys.exit(f"types: {error}")
