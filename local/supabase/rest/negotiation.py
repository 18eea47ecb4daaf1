"""Choose the shape of the answer by the headers Accept and Prefer."""

from __future__ import annotations

from dataclasses import dataclass

from local.supabase.rest.errors import RestError, unsupported

JSON = "application/json"
JSON_STRIPPED = "application/vnd.pgrst.array+json;nulls=stripped"
OBJECT = "application/vnd.pgrst.object+json"
OBJECT_STRIPPED = "application/vnd.pgrst.object+json;nulls=stripped"
CSV = "text/csv"
GEOJSON = "application/geo+json"

_ANYTHING = "*/*"
_PROVIDED = {_ANYTHING: JSON, JSON: JSON, CSV: CSV, GEOJSON: GEOJSON}
# Each without and with nulls=stripped.
_OF_POSTGREST = {
    "application/vnd.pgrst.array+json": (JSON, JSON_STRIPPED),
    "application/vnd.pgrst.array": (JSON, JSON_STRIPPED),
    "application/vnd.pgrst.object+json": (OBJECT, OBJECT_STRIPPED),
    "application/vnd.pgrst.object": (OBJECT, OBJECT_STRIPPED),
}
_COUNTS = ("count=exact", "count=planned", "count=estimated")
_HANDLINGS = ("handling=strict", "handling=lenient")
_RETURNS = ("return=representation", "return=minimal", "return=headers-only")
_RESOLUTIONS = ("resolution=merge-duplicates", "resolution=ignore-duplicates")
_SINGLE_OBJECT = "params=single-object"
_IGNORED = ("tx=commit", "tx=rollback", "missing=default", "missing=null")
_KNOWN = frozenset((*_COUNTS, *_HANDLINGS, *_RETURNS, *_RESOLUTIONS, _SINGLE_OBJECT, *_IGNORED))


@dataclass(frozen=True)
class Preferences:
    """The header Prefer; of several values for one preference the first counts."""

    count: str | None = None
    handling: str | None = None
    representation: str | None = None
    resolution: str | None = None
    unknown: tuple[str, ...] = ()

    @property
    def applied(self) -> str:
        """The value of Preference-Applied."""
        return ", ".join(p for p in (self.count, self.handling) if p)

    def require_known(self) -> None:
        """Refuse unknown preferences if the caller asked for that.

        Raises:
            RestError: PGRST122: a preference is unknown, and handling=strict was asked for.
        """
        if self.unknown and self.handling == "handling=strict":
            raise RestError(
                400,
                "PGRST122",
                "Invalid preferences given with handling=strict",
                details=f"Invalid preferences: {', '.join(self.unknown)}",
            )


@dataclass(frozen=True)
class Shape:
    """The answer's media type, how it is counted, and whether it has a body."""

    media_type: str
    count: str | None = None
    headers_only: bool = False

    @property
    def singular(self) -> bool:
        """Whether the answer must be one object."""
        return self.media_type in (OBJECT, OBJECT_STRIPPED)

    @property
    def strips_nulls(self) -> bool:
        """Whether members that are null are left out."""
        return self.media_type in (JSON_STRIPPED, OBJECT_STRIPPED)

    @property
    def counts_rows(self) -> bool:
        """Whether all rows are counted."""
        return self.count in ("count=exact", "count=estimated")

    @property
    def estimates_count(self) -> bool:
        """Whether more rows than an answer can have are estimated by the planner."""
        return self.count == "count=estimated"

    @property
    def plans_count(self) -> bool:
        """Whether the planner's estimate is the number of all rows."""
        return self.count == "count=planned"


def read_preferences(prefer: str) -> Preferences:
    """Return the preferences of the header Prefer.

    Raises:
        RestError: 501: a preference needs something that the gateway cannot do.
    """
    preferences = [p.strip() for p in prefer.split(",")] if prefer else []

    def first(known: tuple[str, ...]) -> str | None:
        return next((p for p in preferences if p in known), None)

    zone = next((p for p in preferences if p.startswith("timezone=")), None)
    if zone is not None:
        raise unsupported(f"Prefer: {zone}")
    return Preferences(
        count=first(_COUNTS),
        handling=first(_HANDLINGS),
        representation=first(_RETURNS),
        resolution=first(_RESOLUTIONS),
        unknown=tuple(p for p in preferences if p not in _KNOWN),
    )


def passes_single_object(prefer: str) -> bool:
    """Return whether a function's arguments are to be passed as one object."""
    return _SINGLE_OBJECT in [p.strip() for p in prefer.split(",")]


def negotiate(accept: str) -> str:
    """Return the media type of the answer.

    Raises:
        RestError: No media type is acceptable (PGRST107), or the one that is needs PostGIS (501).
    """
    wanted = _by_preference(accept)
    media_type = next((found for found in map(_provided, wanted) if found), None)
    if media_type is None:
        names = ", ".join(entry.partition(";")[0] for entry in wanted)
        raise RestError(415, "PGRST107", f"None of these media types are available: {names}")
    if media_type == GEOJSON:
        raise unsupported(f"Accept: {GEOJSON}")
    return media_type


def _provided(entry: str) -> str | None:
    name, *parameters = entry.split(";")
    if name in _OF_POSTGREST:
        plain, stripped = _OF_POSTGREST[name]
        return stripped if parameters == ["nulls=stripped"] else plain
    return _PROVIDED.get(name)


def _by_preference(accept: str) -> list[str]:
    """Return the media types of an Accept header, best quality first, then most specific."""
    weighted = []
    for text in (accept or _ANYTHING).split(","):
        entry, _, rest = text.replace(" ", "").partition(";q=")
        specificity = entry.count(";") - entry.count("*")
        weighted.append((entry, (_quality(rest.partition(";")[0]), specificity)))
    return [entry for entry, _ in sorted(weighted, key=lambda pair: pair[1], reverse=True)]


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
