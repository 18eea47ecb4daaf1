"""Grants to many people from a file: say what it would do, begin a batch, and carry it out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from api._lib.desk.actions import MAX_REASON
from api._lib.desk.asking import ask
from api._lib.desk.fields import text_of, uuid_of
from api._lib.desk.grant_files import MAX_FILE_BYTES, MAX_LINES, GrantLine, read_lines
from api._lib.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CAMPAIGN = 100
# The JSON of a file that is as large as it may be: each line break and quotation mark is escaped.
MAX_BODY_BYTES = 3 * MAX_FILE_BYTES
# How long one request goes on with a batch, so that a page can show how far it is.
STEP_SECONDS = 2

_FAULTS: Mapping[str, str] = {
    "unknown_person": "Nobody has this address or id.",
    "ambiguous_person": "Several accounts have this address. Name one by its user id.",
    "account_deleted": "This account was deleted.",
    "purse_moved": "The purse of this account has moved to another one. Name that one.",
}


def grants_of(actor_id: str, batch_id: str | None) -> dict[str, Any]:
    """Return the newest batches, or one with its lines, as desk_grants in sql/ answers.

    Raises:
        PurseError: As ask() does.
    """
    found: dict[str, Any] = ask("desk_grants", actor_id, p_batch_id=batch_id)
    if batch_id is None:
        return {**found, "limits": {"lines": MAX_LINES, "bytes": MAX_FILE_BYTES}}
    lines = [{**each, "refusal": _FAULTS.get(each["refusal"])} for each in found["lines"]]
    return {**found, "lines": lines}


def preview_grants(actor_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Say of each line of a file what it would do. Changes nothing.

    Args:
        actor_id: The member of staff.
        body: {campaign, csv}.

    Returns:
        {lines: [{line, last_line, person, user_id, email, credits, valid_days, note, balance,
        balance_after, given_before, fault}], faulty: how many have a fault, credits: of all}.

    Raises:
        InvalidRequestError: A field is missing, or the file cannot be read (`invalid_csv`).
        PurseError: As ask() does.
    """
    campaign = text_of(body, "campaign", MAX_CAMPAIGN)
    lines = _lines(body)
    found = ask(
        "desk_preview_grants",
        actor_id,
        p_campaign=campaign,
        p_lines=[each.as_json() for each in lines],
    )
    told = [_told(line, known) for line, known in zip(lines, found, strict=True)]
    return {
        "lines": told,
        "faulty": sum(each["fault"] is not None for each in told),
        "credits": sum(each["credits"] or 0 for each in told),
    }


def carry_out_grants(
    actor_id: str, body: Mapping[str, Any], idempotency_key: str
) -> dict[str, Any]:
    """Begin the batch that a file is, or go on with it; see go_on_with.

    Args:
        actor_id: The member of staff.
        body: {campaign, csv, reason}.
        idempotency_key: Of the batch, whoever sends it.

    Raises:
        InvalidRequestError: A field is missing, the file cannot be read (`invalid_csv`), or lines
            have faults (`faulty_lines`, with how many and the first). Nobody was granted anything.
        ConflictError: The key names a batch with another campaign, reason or file
            (`idempotency_key_reused`).
        PurseError: As ask() does.
    """
    campaign = text_of(body, "campaign", MAX_CAMPAIGN)
    reason = text_of(body, "reason", MAX_REASON)
    lines = _lines(body)
    wrong = [each.line for each in lines if each.fault]
    if wrong:
        raise _faulty(len(wrong), wrong[0])
    begun = ask(
        "desk_begin_grants",
        actor_id,
        p_campaign=campaign,
        p_reason=reason,
        p_lines=[each.as_json() for each in lines],
        p_idempotency_key=idempotency_key,
    )
    if "faulty" in begun:
        raise _faulty(begun["faulty"], begun["line"])
    return go_on_with(actor_id, begun["batch_id"])


def go_on_with(actor_id: str, batch_id: str) -> dict[str, Any]:
    """Grant lines of a batch for STEP_SECONDS; return the batch, as purse.batch_json in sql/.

    Each line is granted once, however often this is called. While `left` is not 0, call again:
    the time was up, or accounts are in use at the moment.

    Raises:
        NotFoundError: There is no such batch (`unknown_batch`).
        PurseError: As ask() does.
    """
    deadline = time.monotonic() + STEP_SECONDS
    while True:
        batch: dict[str, Any] = ask("desk_grant_lines", actor_id, p_batch_id=batch_id)
        ended = batch.pop("ended")
        if not batch["left"] or not ended or time.monotonic() > deadline:
            return batch


def batch_of(body: Mapping[str, Any]) -> str | None:
    """Return the batch to go on with, or None where the body brings a file.

    Raises:
        InvalidRequestError: It is no UUID.
    """
    return uuid_of(body, "batch_id") if "batch_id" in body else None


def _lines(body: Mapping[str, Any]) -> tuple[GrantLine, ...]:
    text = body.get("csv")
    if not isinstance(text, str):
        raise InvalidRequestError("csv must be the text of the file.")
    return read_lines(text)


def _told(line: GrantLine, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line would do: what the file says, and what the database knows. Pure."""
    fault = line.fault
    if fault is None and known["fault"] == "person_twice":
        fault = f"Line {known['twin']} names the same person."
    elif fault is None and known["fault"] is not None:
        fault = _FAULTS[known["fault"]]
    return {
        **line.as_json(),
        "last_line": line.last_line,
        "user_id": known["user_id"],
        "email": known["email"],
        "balance": known["balance"],
        "balance_after": None if fault else known["balance_after"],
        "given_before": known["given_before"],
        "fault": fault,
    }


def _faulty(lines: int, first: int) -> InvalidRequestError:
    return InvalidRequestError(
        "Some lines cannot be granted, so nobody was. The preview says which and why.",
        code="faulty_lines",
        details={"faulty": lines, "line": first},
    )
