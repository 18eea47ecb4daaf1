"""The sample app, api/_lib/files, as the core sees it: a fork may have deleted it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

PACKAGE = "api._lib.files"


def sample_app(module: str) -> ModuleType | None:
    """Return a module of the sample app, or None if this project has none.

    It is imported by its name, so that the core does not depend on it.
    """
    name = f"{PACKAGE}.{module}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in {PACKAGE, name}:
            raise
        return None
