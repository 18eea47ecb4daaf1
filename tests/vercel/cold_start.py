"""Measures cold starts: `python -m tests.vercel.cold_start`.

Each built function is booted on its own runtime, in a default build and in one as deployed, beside
a probe that imports stripe, supabase and jwt whole in a default build. The aim is at most 0.35 of
the probe's start. Rounds go through all of them in turn, so that a busy moment of the machine falls
on all alike.
"""

from __future__ import annotations

import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from tests.tools.npm import MissingToolError
from tests.vercel.build import ROOT, Function, Output, Toolchain, build, copy, project_files
from tests.vercel.runtime import BootedFunction

ROUNDS = 7
AIM = 0.35
SUPABASE = "supabase==2.34.1"
PROBE = '''"""What a function costs that imports everything."""

import jwt
import stripe
import supabase


def app(environ, start_response):
    start_response("200 OK", [])
    return [jwt.__name__.encode(), stripe.__name__.encode(), supabase.__name__.encode()]
'''


def main() -> None:
    """Build three times, boot everything eight times, print the table."""
    with tempfile.TemporaryDirectory(prefix="purse-cold-start-") as folder:
        try:
            tools = Toolchain.find()
        except MissingToolError as error:
            sys.exit(f"Cold starts cannot be measured: {error}")
        _say("Building the probe.")
        probe = build(_probe_tree(Path(folder) / "probe"), tools, as_deployed=False)
        _say("Building with the default flags.")
        default = build(_our_tree(Path(folder) / "default"), tools, as_deployed=False)
        _say("Building as deployed.")
        deployed = build(_our_tree(Path(folder) / "deployed"), tools)
        rows = {
            **_rows("probe", probe),
            **_rows("default", default),
            **_rows("as deployed", deployed),
        }
        _say(f"Booting {len(rows)} functions {ROUNDS + 1} times.")
        _print_table(rows, _measure(rows, tools.python))


def _rows(label: str, output: Output) -> dict[tuple[str, str], Function]:
    return {(label, name): function for name, function in output.functions.items()}


def _measure(
    rows: dict[tuple[str, str], Function], python: Path
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the median init and user init, in milliseconds; the first round only warms up."""
    taken: dict[tuple[str, str], list[tuple[float, float]]] = {row: [] for row in rows}
    for number in range(ROUNDS + 1):
        for row, function in rows.items():
            with BootedFunction(function, python, {}) as booted:
                if number:
                    taken[row].append((booted.init_ms, booted.user_init_ms))
    return {
        row: (
            statistics.median(init for init, _ in samples),
            statistics.median(user for _, user in samples),
        )
        for row, samples in taken.items()
    }


def _print_table(
    rows: dict[tuple[str, str], Function], medians: dict[tuple[str, str], tuple[float, float]]
) -> None:
    reference, _ = medians["probe", "api/probe"]
    _say(f"\n{'build':<12} {'function':<28} {'MB':>6} {'init ms':>8} {'user ms':>8} {'ratio':>6}")
    for row, function in rows.items():
        init, user = medians[row]
        label, name = row
        ratio = init / reference
        missed = "  above the aim" if label == "as deployed" and ratio > AIM else ""
        size = function.size_bytes / 1e6
        _say(f"{label:<12} {name:<28} {size:>6.1f} {init:>8.0f} {user:>8.0f} {ratio:>6.2f}{missed}")


def _our_tree(tree: Path) -> Path:
    copy(project_files(), tree)
    return tree


def _probe_tree(tree: Path) -> Path:
    """Lay out a project whose only function is the probe, at our versions."""
    (tree / "api").mkdir(parents=True)
    (tree / "api" / "probe.py").write_text(PROBE)
    pins = re.findall(r"^(?:stripe|pyjwt)==[\w.]+", _requirements(), re.MULTILINE)
    (tree / "requirements.txt").write_text("\n".join([*pins, "PyJWT[crypto]", SUPABASE, ""]))
    (tree / "vercel.json").write_text('{"framework": null}')
    shutil.copyfile(ROOT / ".python-version", tree / ".python-version")
    return tree


def _requirements() -> str:
    return (ROOT / "requirements.txt").read_text()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a table is what this is run for


if __name__ == "__main__":
    main()
