"""What the stand-in is told by its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the state lives, which keys are right, and where webhooks go."""

    state_folder: Path
    base_url: str
    secret_key: str
    webhook_secret: str
    webhook_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read every setting, or raise ValueError naming all that are missing or wrong."""
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
            f"{name} is no http(s) URL"
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
        )
