"""What the operators' commands share: settings, exit status, error messages, dates.

Settings are those of the functions, from the environment or from .env. If neither sets
SUPABASE_URL, a command works on the local stack of this checkout.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dotenv import load_dotenv

from api._lib import database
from api._lib.errors import DatabaseUnavailableError, NotConfiguredError, PurseError
from api._lib.settings import settings
from ops.local_stack import ROOT, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

# PostgREST's code for a function that does not exist.
_NO_SUCH_FUNCTION = "PGRST202"


def command(main: Callable[[], int]) -> None:
    """Run a command with the right settings, then exit with its status or one error sentence."""
    load_dotenv(ROOT / ".env")
    local = not os.environ.get("SUPABASE_URL") and _use_local_stack()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped. Every finished step is saved; run the command again to continue.")
    except NotConfiguredError as error:
        sys.exit("Not configured: " + "; ".join(error.problems) + ".")
    except DatabaseUnavailableError as error:
        sys.exit(
            "The local stack does not answer. Start it with: make run" if local else error.message
        )
    except PurseError as error:
        sys.exit(error.message)
    except database.DatabaseError as error:
        if error.code == _NO_SUCH_FUNCTION:
            sys.exit("The database is older than sql/. Update it with: make migrate DATABASE_URL=…")
        sys.exit(f"The database refused the request with {error.code}.")


def subject() -> str:
    """Return what the command works on, such as "https://shop.example and Stripe (live mode)"."""
    mode = "live" if settings().livemode else "test"
    return f"{settings().site_url} and Stripe ({mode} mode)"


def moment(text: str) -> int:
    """Return the Unix time of a date such as 2026-11-01 or 2026-11-01T12:00, in UTC by default.

    Raises:
        ValueError: The text is not an ISO 8601 date.
    """
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def day(seconds: float) -> str:
    """Return the UTC day of a Unix time, such as 2026-11-01, which moment() can read."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _use_local_stack() -> bool:
    """Set the local stack's settings if it has ever run; return whether it has."""
    settings_found = read_settings()
    if not settings_found:
        # The command then reports every missing setting.
        return False
    os.environ.update(settings_found)
    # The requests package would use a proxy even for 127.0.0.1.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    return True
