"""Lists: newest first, in pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.stripe.api.errors import InvalidParameterError, no_such

if TYPE_CHECKING:
    from collections.abc import Sequence

    from local.stripe.store import Json, Transaction

DEFAULT_PAGE = 10
CURSORS = {
    "starting_after": "seq < (select seq from objects where id = ?)",
    "ending_before": "seq > (select seq from objects where id = ?)",
}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Query:
    """A query for objects of one kind that meet conditions."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._conditions = ["kind = ?"]
        self._values: list[str | int] = [kind]

    def where(self, condition: str, *values: str | int) -> None:
        """Add an SQL condition. The text must be ours; the caller's values are bound."""
        self._conditions.append(condition)
        self._values.extend(values)

    def equal(self, params: Json, *names: str) -> None:
        """Require that fields equal the parameters of the same name, where given."""
        for name in names:
            if name in params:
                self.where(f"json_extract(body, '$.{name}') = ?", params[name])

    def page(self, transaction: Transaction, params: Json, url: str) -> Json:
        """Return the page that `limit`, `starting_after` and `ending_before` select."""
        for bound, moment in params.get("created", {}).items():
            self.where(f"json_extract(body, '$.created') {COMPARISONS[bound]} ?", moment)
        limit = params.get("limit", DEFAULT_PAGE)
        backwards = "ending_before" in params
        self._start_at_cursor(transaction, params)
        order = "asc" if backwards else "desc"
        conditions = " and ".join(self._conditions)
        # The conditions are written in this package; every value is bound.
        statement = f"select body from objects where {conditions} order by seq {order} limit ?"  # noqa: S608
        rows = transaction.sql.execute(statement, (*self._values, limit + 1)).fetchall()
        data = [json.loads(row["body"]) for row in rows[:limit]]
        if backwards:
            data.reverse()
        return as_list(data, url=url, has_more=len(rows) > limit)

    def _start_at_cursor(self, transaction: Transaction, params: Json) -> None:
        if "starting_after" in params and "ending_before" in params:
            raise InvalidParameterError(
                "You may only specify one of these parameters: ending_before, starting_after."
            )
        for name, condition in CURSORS.items():
            if name in params:
                if transaction.find(self.kind, params[name]) is None:
                    raise no_such(self.kind, params[name], param=name, status=400)
                self.where(condition, params[name])


def as_list(data: Sequence[Json], *, url: str, has_more: bool = False) -> Json:
    """Return Stripe's list object."""
    return {"object": "list", "data": list(data), "has_more": has_more, "url": url}
