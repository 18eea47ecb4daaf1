"""The mailbox's settings, from environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the mailbox.

    Attributes:
        state_folder: Where mail.db is kept.
        smtp_port: The TCP port on 127.0.0.1 that takes mails.
        control_room_url: The page of the Stripe stand-in; "" if Stripe is real.
        site_url: The shop; "" if unknown.
    """

    state_folder: Path
    smtp_port: int
    control_room_url: str
    site_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read all settings.

        Raises:
            SystemExit: Settings are missing or wrong; the message names all of them.
        """
        values = os.environ if environment is None else environment
        problems = []
        if not values.get("PURSE_LOCAL_STATE"):
            problems.append("PURSE_LOCAL_STATE is not set")
        port = values.get("PURSE_LOCAL_SMTP_PORT", "")
        if not (port.isascii() and port.isdigit()):
            problems.append("PURSE_LOCAL_SMTP_PORT is not a port")
        if problems:
            raise SystemExit("The mailbox cannot start: " + "; ".join(problems) + ".")
        return cls(
            state_folder=Path(values["PURSE_LOCAL_STATE"]),
            smtp_port=int(port),
            control_room_url=values.get("PURSE_LOCAL_CONTROL_ROOM_URL", ""),
            site_url=values.get("SITE_URL", ""),
        )
