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
        files.choose("A Year in the Garden.docx", YEAR)
        expect(files.card.get_by_role("button", name="Upload for")).to_be_visible()
        yield State("files-chosen", page)
        storage.hold()
        files.press("Upload for")
        files.expect_stage("Uploading…")
        yield State("files-uploading", page)
        storage.mend()
        files.expect_stage("Done.")
        yield State("files-done", page)
        page.get_by_role("checkbox", name="A Year").check()
        yield State("files-selected", page)
        page.get_by_role("button", name="Export as ZIP").click()
        expect(page.get_by_text("Your export is ready.")).to_be_visible()
        yield State("files-exported", page)
        page.get_by_role("button", name="Delete A Year").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        yield State("files-delete", page)


def trouble(stage: Stage) -> Iterator[State]:
    """No document, no credits, no connection; loading; switched off."""
    stage.console.allow_failing("/api/files")
    user = stage.person()
    stage.purse(user).buy(5)
    with stage.visit(user) as site:
        site.open("/files")
        files, page = site.files, site.page
        files.upload("notes.docx", b"not a document at all")
        files.expect_stage("This file could not be processed.")
        yield State("files-not-a-document", page)
        stage.purse(user).spend()
        site.open("/files")
        files.upload("novel.docx", YEAR)
        expect(site.store.place).to_be_visible()
        yield State("files-lacks-credits", page)
        page.keyboard.press("Escape")
        files.expect_stage("A few more credits are needed.")
        yield State("files-waits-for-credits", page)
        with held(page.context, FILES):
            page.reload(wait_until="commit")
            expect(page.get_by_role("heading", name="Your files")).to_be_visible()
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
