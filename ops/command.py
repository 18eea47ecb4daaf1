"""What the commands share: whom they work on, and how they end.

Settings are those of the functions, from the environment or from .env. Where neither names a
Supabase project, the local stack of this checkout is meant.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dotenv import load_dotenv

from api._lib import database
from api._lib.errors import DatabaseUnavailableError, NotConfiguredError, PurseError
from api._lib.settings import settings
from local.stack import ROOT, Stack, functions_settings

if TYPE_CHECKING:
    from collections.abc import Callable

STACK_FILE = ROOT / ".local" / "stack.json"
# PostgREST's word for a function that is not there.
_NO_SUCH_FUNCTION = "PGRST202"


def command(main: Callable[[], int]) -> None:
    """Run a command against the right settings; leave with its status, or one sentence."""
    load_dotenv(ROOT / ".env")
    local = not os.environ.get("SUPABASE_URL") and _use_local_stack()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped. Nothing is half done; run it again to go on.")
    except NotConfiguredError as error:
        sys.exit("Not configured: " + "; ".join(error.problems) + ".")
    except DatabaseUnavailableError as error:
        sys.exit("The local stack does not answer: make run starts it." if local else error.message)
    except PurseError as error:
        sys.exit(error.message)
    except database.DatabaseError as error:
        if error.code == _NO_SUCH_FUNCTION:
            sys.exit("The database lacks the newest of sql/: make migrate DATABASE_URL=…")
        sys.exit(f"The database refused: {error.code}.")


def subject() -> str:
    """Return whom we work on, in words."""
    mode = "live" if settings().livemode else "test"
    return f"{settings().site_url} and Stripe ({mode} mode)"


def moment(text: str) -> int:
    """Read 2026-11-01 or 2026-11-01T12:00, UTC unless it says otherwise; return seconds.

    Raises:
        ValueError: It is neither.
    """
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def day(seconds: float) -> str:
    """Return a moment as the day it falls on, as moment() reads it."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _use_local_stack() -> bool:
    """Take the local stack's settings, if it has ever run; return whether it has."""
    try:
        stack = Stack(**json.loads(STACK_FILE.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        # Then the settings that are missing are named, one and all.
        return False
    os.environ.update(functions_settings(stack))
    # requests asks a proxy even for 127.0.0.1.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    return True
