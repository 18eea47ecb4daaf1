"""The first upload of a new project makes the bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api._lib.files.bucket import Bucket, read_bucket
from api._lib.settings import load
from local.environment import functions_settings
from local.stack import running_services
from tests.files.uploader import Uploader, code
from tests.support import RunningStack

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_upload_makes_the_private_bucket(tmp_path: Path) -> None:
    with running_services(tmp_path, environ={}, report=lambda _line: None) as running:
        config = load(functions_settings(running.stack))
        assert read_bucket(config) is None
        bea = Uploader.with_credits(RunningStack.of(running.stack))
        _clean_up_without_a_bucket(bea.stack)

        running.services["storage"].kill()
        assert code(bea.begin("txt_upload", 5)) == (503, "storage_unavailable")
        assert bea.credits == (500, 0)

        running.services["storage"].start()
        running.services["storage"].wait_until_ready()
        file = bea.process("txt_upload", b"hello")
        assert file["status"] == "done"
        assert read_bucket(config) == Bucket(
            public=False, file_size_limit=50_000_000, allowed_mime_types=None
        )


def _clean_up_without_a_bucket(stack: RunningStack) -> None:
    """An upload that was begun while the storage was away has a row, without any bucket."""
    with stack.connect() as database:
        database.execute(
            """
            with holder as (select user_id from user_credits where balance >= 5 limit 1)
            select begin_file(h.user_id, 'txt_upload', 'a.txt', 1, 'text/plain', 'begun', 60)
            from holder h
            """
        )
        database.execute(
            """
            update files
            set expires_at = now() - interval '2 days', created_at = now() - interval '3 days'
            """
        )
    answer = stack.scheduled("/api/cleanup")
    assert answer.status_code == 200, answer.text
    assert answer.json()["files_swept"] == 1
    with stack.connect() as database:
        database.execute("select expire_credits(100)")
        database.execute("select release_hold(h.id) from credit_holds h where h.status = 'held'")
