"""A DOCX's paragraphs and runs while its main part is read, and afterwards. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from api._lib.files.readers.docx_styles import half_points, is_on, outline_level
from api._lib.files.readers.xml_events import attribute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api._lib.files.readers.document import Paragraph
    from api._lib.files.readers.docx_styles import Look, Styles


class Kept(NamedTuple):
    """A paragraph as the body has it, with what tells a heading that no style marks.

    Attributes:
        look: Its style.
        is_bold: Whether all of its text is.
        half_points: The size of its smallest letters; None where nothing says.
        is_in_table: Whether it stands in a cell.
    """

    paragraph: Paragraph
    look: Look
    is_bold: bool = False
    half_points: int | None = None
    is_in_table: bool = False


@dataclass
class OpenParagraph:
    """A paragraph that has not ended yet. A text box nests one paragraph in another."""

    look: Look
    style_id: str = ""
    pieces: list[str] = field(default_factory=list)
    level: int | None = None
    num_id: str | None = None
    list_level: str | None = None
    is_drop_cap: bool = False
    has_plain_text: bool = False
    half_points: int | None = None

    def note(self, name: str, attributes: Mapping[str, str], styles: Styles) -> bool:
        """Note one of its properties; return whether the element is one."""
        value = attribute(attributes, "val")
        match name:
            case "pStyle":
                self.style_id = value or ""
                self.look = styles.look(self.style_id)
            case "outlineLvl":
                self.level = outline_level(value)
            case "numId":
                self.num_id = value
            case "ilvl":
                self.list_level = value
            case "framePr":
                self.is_drop_cap = attribute(attributes, "dropCap") in {"drop", "margin"}
            case _:
                return False
        return True


@dataclass
class Run:
    """The formatting of the text that follows, as the run states it."""

    look: Look | None = None
    is_bold: bool | None = None
    is_hidden: bool | None = None
    half_points: int | None = None

    def note(self, name: str, attributes: Mapping[str, str], styles: Styles) -> None:
        """Note one of its properties; other elements say nothing here."""
        match name:
            case "rStyle":
                self.look = styles.look(attribute(attributes, "val") or "")
            case "b":
                self.is_bold = is_on(attributes)
            case "vanish":
                self.is_hidden = is_on(attributes)
            case "sz":
                self.half_points = half_points(attributes)

    def is_hidden_in(self, paragraph: OpenParagraph) -> bool:
        """Whether its text is hidden, by itself or by a style."""
        if self.is_hidden is not None:
            return self.is_hidden
        return bool((self.look and self.look.is_hidden) or paragraph.look.is_hidden)

    def is_bold_in(self, paragraph: OpenParagraph) -> bool:
        """Whether its text is bold, by itself or by a style."""
        if self.is_bold is not None:
            return self.is_bold
        return bool((self.look and self.look.is_bold) or paragraph.look.is_bold)

    def size_in(self, paragraph: OpenParagraph) -> int | None:
        """Return its size in half points, by itself or by a style; None if neither states one."""
        by_style = self.look and self.look.half_points
        return self.half_points or by_style or paragraph.look.half_points
