"""`make run`: start the whole product, print its addresses, and stop it on Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

import httpx
from dotenv import load_dotenv

from local.errors import StackError
from local.stack import ROOT, reset, running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

    from local.environment import Stack

STATE = ROOT / ".local"
DELIVER_EVERY_SECONDS = 2

_WELCOME = """
  Purse is running with test keys. No real money moves.

    Open      {site_url}
    Sign in   {demo_email}   password {demo_password}
    The desk  {site_url}/admin   {admin_email}   password {admin_password}

    Pay with  4242 4242 4242 4242   succeeds
              4000 0000 0000 0002   is declined
              4000 0000 0000 9995   is declined: insufficient funds
              4000 0025 0000 3155   asks for 3-D Secure
              with any expiry date in the future and any three digits

    Break it  {control_room}   refunds, disputes, lost webhooks
    Mails     {mailbox}   every mail of this stack
    Events    {receiver}   what the app is told

    Stop      Ctrl-C     Balances are kept. make run RESET=1 deletes them and starts over,
                         RESET=1 EMPTY=1 with an empty balance and no history.
    Settings  .local/stack.json; logs are in .local/
"""


def main() -> None:
    """Run until Ctrl-C or SIGTERM; exit with one sentence if the stack cannot run."""
    started_at = time.monotonic()
    # A shell that starts us in the background makes us ignore SIGINT, so both are set.
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, _interrupt)
    load_dotenv(ROOT / ".env")
    try:
        with _only_one(STATE):
            if os.environ.get("RESET"):
                _say("deleting the local data")
                reset(STATE)
            with_history = not os.environ.get("EMPTY")
            with running_stack(STATE, report=_say, with_history=with_history, tells=True) as stack:
                _say(f"ready in {time.monotonic() - started_at:.1f} s")
                print(_welcome(stack), flush=True)
                _deliver_forever(stack)
    except KeyboardInterrupt:
        _say("stopped")
    except StackError as error:
        sys.exit(f"purse: {error}")


def _welcome(stack: Stack) -> str:
    return _WELCOME.format(
        site_url=stack.site_url,
        demo_email=stack.demo_email or "an account of your Supabase project",
        demo_password=stack.demo_password or "its own",
        admin_email=stack.admin_email or "whom make admin EMAIL=… named",
        admin_password=stack.admin_password or "their own",
        mailbox=stack.mailbox_url,
        receiver=stack.receiver_url,
        control_room=f"{stack.stripe_api_base}/_sim" if stack.stripe_api_base else "at Stripe",
    )


def _deliver_forever(stack: Stack) -> NoReturn:
    """Do what a scheduler does for a deployment: let the site send what is due."""
    authorization = {"Authorization": f"Bearer {stack.cron_secret}"}
    with httpx.Client(headers=authorization, timeout=60, trust_env=False) as client:
        while True:
            with suppress(httpx.HTTPError):
                client.get(f"{stack.site_url}/api/deliver")
            time.sleep(DELIVER_EVERY_SECONDS)


def _say(line: str) -> None:
    print(f"purse: {line}", flush=True)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """Hold the checkout's lock, a file beside the state folder, which RESET=1 deletes."""
    try:
        lock = state.with_suffix(".lock").open("w")
    except OSError as error:
        raise StackError(f"Cannot write to {state.parent}: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError(
                "This checkout is running already. Its addresses are in .local/stack.json."
            ) from None
        yield


if __name__ == "__main__":
    main()
