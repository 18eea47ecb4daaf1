"""The sample app's part in an account: its files. A fork may have deleted it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def files_module() -> ModuleType | None:
    """Return api._lib.files.forgetting, or None if this project has no files.

    It is imported by its name, so that the core does not depend on it.
    """
    try:
        return import_module("api._lib.files.forgetting")
    except ModuleNotFoundError as error:
        if error.name not in {"api._lib.files", "api._lib.files.forgetting"}:
            raise
        return None
