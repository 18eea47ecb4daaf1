"""Choose the shape of the answer by the headers Accept and Prefer."""

from __future__ import annotations

from dataclasses import dataclass

from local.supabase.rest.errors import RestError

JSON = "application/json"
OBJECT = "application/vnd.pgrst.object+json"

_ANYTHING = "*/*"
_PROVIDED = {
    JSON: JSON,
    _ANYTHING: JSON,
    "application/vnd.pgrst.array+json": JSON,
    "application/vnd.pgrst.array": JSON,
    OBJECT: OBJECT,
    "application/vnd.pgrst.object": OBJECT,
}
_COUNTS = ("count=exact", "count=planned", "count=estimated")
_HANDLINGS = ("handling=strict", "handling=lenient")
_IGNORED = (
    "resolution=merge-duplicates",
    "resolution=ignore-duplicates",
    "return=representation",
    "return=minimal",
    "return=headers-only",
    "params=single-object",
    "tx=commit",
    "tx=rollback",
    "missing=default",
    "missing=null",
)


@dataclass(frozen=True)
class Shape:
    """The answer's media type, and the preferences that were applied."""

    media_type: str
    count: str | None
    handling: str | None

    @property
    def singular(self) -> bool:
        """Whether the answer must be one object."""
        return self.media_type == OBJECT

    @property
    def counts_rows(self) -> bool:
        """Whether Content-Range includes the number of all rows."""
        return self.count in ("count=exact", "count=estimated")

    @property
    def applied(self) -> str:
        """The value of Preference-Applied."""
        return ", ".join(p for p in (self.count, self.handling) if p)


def negotiate(accept: str, prefer: str) -> Shape:
    """Return the shape of the answer.

    Raises:
        RestError: No media type is acceptable (PGRST107), or a preference is unknown and the
            caller asked for handling=strict (PGRST122).
    """
    wanted = _by_quality(accept)
    media_type = next((_PROVIDED[name] for name in wanted if name in _PROVIDED), None)
    if media_type is None:
        raise RestError(
            415,
            "PGRST107",
            f"None of these media types are available: {', '.join(wanted)}",
        )
    preferences = [p.strip() for p in prefer.split(",")] if prefer else []
    shape = Shape(
        media_type,
        count=next((p for p in preferences if p in _COUNTS), None),
        handling=next((p for p in preferences if p in _HANDLINGS), None),
    )
    known = {*_COUNTS, *_HANDLINGS, *_IGNORED}
    unknown = [p for p in preferences if p not in known]
    if unknown and shape.handling == "handling=strict":
        raise RestError(
            400,
            "PGRST122",
            "Invalid preferences given with handling=strict",
            details=f"Invalid preferences: {', '.join(unknown)}",
        )
    return shape


def _by_quality(accept: str) -> list[str]:
    """Return the media types of an Accept header without parameters, best quality first."""
    weighted = []
    for entry in accept.split(",") if accept else [_ANYTHING]:
        name, *parameters = (part.strip() for part in entry.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        weighted.append((name, _number(quality)))
    return [name for name, _ in sorted(weighted, key=lambda entry: -entry[1])]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
