"""Every page in every state: one list for the checks and for the screenshots.

A walk goes through a part of the product as a person does, and yields each state on its way. Who
asks for the next state may first have changed the size of the window and the colour scheme, but
nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.states import account, desk, files, home, local, payment, sign_in, store

if TYPE_CHECKING:
    from tests.browser.states.stage import Walk

WALKS: tuple[Walk, ...] = (
    *home.WALKS,
    *store.WALKS,
    *payment.WALKS,
    *files.WALKS,
    *account.WALKS,
    *sign_in.WALKS,
    *desk.WALKS,
    *local.WALKS,
)
