"""What can be wrong with any page: accessibility, width, movement, forced colours."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tests.browser.states.stage import PHONE, WIDE
from tests.tools.npm import package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import CDPSession

    from tests.browser.states.stage import State

WIDTHS = (320, 360, 390, 768, 1024, 1280, 1600)
# The page is left in the last one.
SCHEMES: tuple[Literal["dark"], Literal["light"]] = ("dark", "light")


@cache
def scripts() -> str:
    """Return axe-core and our own questions."""
    axe = package("axe-core") / "axe.min.js"
    ours = Path(__file__).with_name("inspection.js")
    return f"{axe.read_text('utf-8')};{ours.read_text('utf-8')}"


def faults_of(state: State) -> list[str]:
    """Return what is wrong with a page, a sentence each that begins with the state's name.

    The scripts enter by the debugger's protocol, as the page's security policy lets no other in.
    The page is left as it was found.
    """
    debugger = state.page.context.new_cdp_session(state.page)
    _evaluate(debugger, scripts())
    found = [f"{state.name}: {fault}" for fault in _looked_at(state, debugger)]
    debugger.detach()
    return found


def _looked_at(state: State, debugger: CDPSession) -> Iterator[str]:
    page = state.page
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": WIDE["height"]})
        yield from _ask(debugger, "sideways")
    broken: dict[str, list[str]] = {}
    for kind, size in (("phone", PHONE), ("wide", WIDE)):
        page.set_viewport_size(size)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for fault in _ask(debugger, "rules" if scheme == "light" else "colours"):
                broken.setdefault(fault, []).append(f"{kind} and {scheme}")
    yield from (f"{fault} ({', '.join(where)})" for fault, where in broken.items())
    yield from _ask(debugger, "moving")
    _ask(debugger, "remember")
    page.emulate_media(forced_colors="active")
    yield from (f"{fault} in forced colours" for fault in _ask(debugger, "vanished"))
    yield from (f"{fault} in forced colours" for fault in _ask(debugger, "unmarked"))
    page.emulate_media(forced_colors="none")


def _ask(debugger: CDPSession, question: str) -> list[str]:
    answer: list[str] = _evaluate(debugger, f"inspection.{question}()")
    return answer


def _evaluate(debugger: CDPSession, expression: str) -> Any:
    answer = debugger.send(
        "Runtime.evaluate",
        {"expression": expression, "awaitPromise": True, "returnByValue": True},
    )
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")
