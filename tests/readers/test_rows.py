from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api._lib.files.readers.errors import UnreadableFileError
from tests.readers import documents, recordings, texts
from tests.readers.rows import MissingProgramError, Refused, Row, read
from tests.support import cannot_run

if TYPE_CHECKING:
    from pathlib import Path

ROWS = (*recordings.ROWS, *texts.ROWS, *documents.ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_file_as_peoples_programs_write_it_is_read_rightly(row: Row, tmp_path: Path) -> None:
    try:
        path = row.write(tmp_path)
    except MissingProgramError as error:
        cannot_run(str(error))
    if isinstance(row.expected, Refused):
        with pytest.raises(UnreadableFileError) as caught:
            read(path)
        assert caught.value.code == row.expected.code
        assert row.expected.says in caught.value.message
        assert len(caught.value.message) <= 200
    else:
        row.expected.check(read(path))
