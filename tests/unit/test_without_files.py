"""A fork deletes the sample app as its docstring says, in a copy, and the rest still works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from api._lib import files
from local.stack import ROOT
from tests.unit.functions import CORE_SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

LEFT = ("api", "server", "ops", "local", "sql", "public", "templates", "tests")
STORAGE = {
    "STORAGE_S3_ACCESS_KEY_ID": "id",
    "STORAGE_S3_SECRET_ACCESS_KEY": "hidden",
    "STORAGE_BUCKET": "Not A Bucket",
}
# Imports every module, then asks the site as a WSGI server does.
ASK = """
import importlib
from pathlib import Path
from werkzeug.test import Client
from server.app import create_app

for folder in ("api/_lib", "ops", "server", "local"):
    for path in Path(folder).rglob("*.py"):
        if path.name not in ("__main__.py", "gunicorn.conf.py"):
            importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
client = Client(create_app())
config = client.get("/api/config")
assert config.status_code == 200, config.text
assert config.get_json()["files_enabled"] is False
assert client.get("/api/files").status_code == 404
assert client.post("/api/files/complete").status_code == 404
assert client.get("/api/cleanup").status_code == 503  # CRON_SECRET is missing
"""


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, from which the docstring's commands have removed the sample app."""
    copy = tmp_path_factory.mktemp("fork")
    ignored = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in LEFT:
        shutil.copytree(ROOT / name, copy / name, ignore=ignored)
    for name in ("vercel.json", "pytest.ini"):
        shutil.copy(ROOT / name, copy)
    commands = re.findall(r"^    git rm -r (.+)$", files.__doc__ or "", re.MULTILINE)
    for pattern in " ".join(commands).split():
        found = list(copy.glob(pattern))
        assert found, f"{pattern} deletes nothing"
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return copy


def test_every_module_imports_and_the_site_answers(fork: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=fork,
        env={**CORE_SETTINGS, **STORAGE, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_tests_of_what_is_left_pass(fork: Path) -> None:
    names = ("architecture", "settings", "unconfigured", "facts")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(f"tests/unit/test_{name}.py" for name in names),
        ],
        cwd=fork,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
