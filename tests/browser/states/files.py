"""Files: none, one on its way, some, and in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.states.stage import Stage, State, cut, held
from tests.browser.storage import Storage
from tests.samples import docx_of

if TYPE_CHECKING:
    from collections.abc import Iterator

YEAR = docx_of(
    *((1, "What the frost leaves"), (0, "Little stands in January. " * 310)),
    *((1, "Sowing"), (0, "Peas go first, under fleece. " * 240)),
    *((1, "The long evenings"), (0, "Water at dusk, and wait. " * 420)),
    *((1, "Bringing it in"), (0, "Apples last, before the wind. " * 280)),
    title="A Year in the Garden",
)
NAME = "A Year in the Garden.docx"
FILES = "**/api/files?*"


def uploading(stage: Stage) -> Iterator[State]:
    """An upload from choosing to its result, and what can be done with it."""
    stage.console.allow_failing("/api/files")
    user = stage.person()
    stage.purse(user).buy(500)
    with stage.visit(user) as site:
        storage = Storage(site.page.context, stage.stack)
        stage.console.allow_failing(storage.path)
        site.open("/files")
        files, page = site.files, site.page
        expect(page.get_by_text("No files yet.")).to_be_visible()
        yield State("files-empty", page)
        files.choose((NAME, YEAR), ("notes.txt", b"Sow the peas."))
        expect(files.queue.get_by_role("button", name="Upload 2 files")).to_be_visible()
        yield State("files-chosen", page)
        storage.hold()
        files.press("Upload 2 files")
        expect(files.row(NAME)).to_contain_text("Uploading…")
        yield State("files-uploading", page)
        storage.mend()
        expect(files.list).to_have_count(2)
        expect(files.queue).to_contain_text("2 files uploaded")
        yield State("files-done", page)
        files.press("Clear finished")
        yield State("files-list", page)
        page.get_by_role("checkbox", name=NAME).check()
        yield State("files-selected", page)
        page.get_by_role("button", name="Export as ZIP").click()
        expect(page.get_by_text("Your export is ready.")).to_be_visible()
        yield State("files-exported", page)
        menu = files.menu(NAME)
        yield State("files-menu", page)
        menu.get_by_role("menuitem", name="Delete").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        yield State("files-delete", page)


def trouble(stage: Stage) -> Iterator[State]:
    """No document, no credits, no connection; loading; switched off."""
    stage.console.allow_failing("/api/files")
    user = stage.person()
    stage.purse(user).buy(6)
    with stage.visit(user) as site:
        site.open("/files")
        files, page = site.files, site.page
        files.choose(("notes.docx", b"not a document at all"), ("picture.png", b"not ours"))
        expect(page.get_by_text("picture.png").first).to_be_visible()
        yield State("files-wrong-kind", page)
        files.press("Upload for")
        expect(files.row("notes.docx")).to_contain_text("This file could not be processed.")
        yield State("files-not-a-document", page)
        stage.purse(user).spend()
        site.open("/files")
        files.choose((NAME, YEAR))
        expect(files.queue.get_by_role("button", name="Get credits")).to_be_visible()
        yield State("files-lacks-credits", page)
        files.press("Get credits")
        expect(site.store.packs).to_have_count(3)
        yield State("files-store", page)
        with held(page.context, FILES):
            page.reload(wait_until="commit")
            expect(page.get_by_role("heading", name="Your files")).to_be_visible()
            expect(page.get_by_role("link", name="Purse", exact=True)).to_be_visible()
            yield State("files-loading", page)
        with cut(page.context, FILES):
            page.reload()
            expect(files.problem.first).to_be_visible()
            yield State("files-failed", page)
    with stage.visit(user, site=stage.switched_off) as site:
        site.open("/files")
        expect(site.page.get_by_text("Files are switched off at the moment.")).to_be_visible()
        yield State("files-switched-off", site.page)


def signed_out(stage: Stage) -> Iterator[State]:
    """The page for a visitor, and in German."""
    with stage.visit() as site:
        site.open("/files")
        expect(site.sign_in_form.get_by_label("E-mail")).to_be_visible()
        yield State("files-signed-out", site.page)
    with stage.visit(stage.person(), locale="de-DE") as site:
        site.open("/files")
        site.expect_title("Dateien")
        yield State("german-files", site.page)


WALKS = (uploading, trouble, signed_out)
