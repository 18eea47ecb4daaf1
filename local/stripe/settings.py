"""The stand-in's settings, from environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the stand-in.

    Attributes:
        state_folder: Where stripe.db is kept.
        base_url: The address under which browsers and the SDK reach the stand-in.
        secret_key: The only API key that is accepted.
        webhook_secret: Signs the webhooks.
        webhook_url: Receives the webhooks.
        mailbox_url: The page with the mails, to which the control room links; "" without one.
    """

    state_folder: Path
    base_url: str
    secret_key: str
    webhook_secret: str
    webhook_url: str
    mailbox_url: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read all settings.

        Raises:
            ValueError: Settings are missing or wrong; the message names all of them.
        """
        values = os.environ if environment is None else environment
        names = (
            "PURSE_LOCAL_STATE",
            "STRIPE_API_BASE",
            "STRIPE_SECRET_KEY",
            "STRIPE_WEBHOOK_SECRET",
            "STRIPE_WEBHOOK_URL",
        )
        problems = [f"{name} is not set" for name in names if not values.get(name)]
        problems += [
            f"{name} is not an http(s) URL"
            for name in ("STRIPE_API_BASE", "STRIPE_WEBHOOK_URL")
            if values.get(name) and urlsplit(values[name]).scheme not in {"http", "https"}
        ]
        if problems:
            raise ValueError("The Stripe stand-in cannot start: " + "; ".join(problems) + ".")
        return cls(
            state_folder=Path(values["PURSE_LOCAL_STATE"]),
            base_url=values["STRIPE_API_BASE"].rstrip("/"),
            secret_key=values["STRIPE_SECRET_KEY"],
            webhook_secret=values["STRIPE_WEBHOOK_SECRET"],
            webhook_url=values["STRIPE_WEBHOOK_URL"],
            mailbox_url=values.get("PURSE_LOCAL_MAILBOX_URL", ""),
        )
