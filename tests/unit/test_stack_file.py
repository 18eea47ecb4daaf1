"""stack.json, for which other programs wait: it is there whole or not at all."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from local import stack as local_stack
from local.environment import Stack

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 300
STACK = Stack(**{field.name: f"{field.name} " * 1000 for field in fields(Stack)})


def test_whoever_reads_it_while_it_is_written_finds_all_of_it_or_none(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"

    def write() -> None:
        for _ in range(ROUNDS):
            local_stack._write_stack_file(tmp_path, STACK)  # noqa: SLF001 - what make run calls

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        if file.exists():
            assert json.loads(file.read_text("utf-8")) == asdict(STACK)
    writer.join()
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]
