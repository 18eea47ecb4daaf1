"""Compares JSON with the SDK's annotated resource classes, which describe each object's shape.

An annotation `Optional[X]` allows null and absence; anything else must be there. Open enums
are annotated as `Union[Literal[...], str]`; here only the listed words pass.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import types
import typing
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Literal, Union

import stripe
from stripe._stripe_object import UntypedStripeObject

UNIONS = (Union, types.UnionType)


@cache
def names() -> dict[str, Any]:
    """Every class of the SDK by the names that its annotations use."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(stripe.__path__):
        if module.name.startswith("_") and not module.ispkg and "service" not in module.name:
            for name, member in vars(importlib.import_module(f"stripe.{module.name}")).items():
                if inspect.isclass(member) and member.__module__.startswith("stripe."):
                    found.setdefault(name, member)
    return found | {
        "Authorization": stripe.issuing.Authorization,
        "CardResource": stripe.Card,
        "DiscountResource": stripe.Discount,
        "DisputeResource": stripe.Dispute,
        "IssuingDisputeResource": stripe.issuing.Dispute,
        "TaxIdResource": stripe.TaxId,
        "TestClock": stripe.test_helpers.TestClock,
        "Transaction": stripe.issuing.Transaction,
    }


@cache
def fields(resource: type) -> dict[str, Any]:
    """A resource class's own fields and their annotations."""
    hints = typing.get_type_hints(resource, localns=names())
    return {
        name: hints[name]
        for name in inspect.get_annotations(resource)
        if not name.startswith("_") and typing.get_origin(hints[name]) is not ClassVar
    }


@cache
def resources() -> dict[str, type]:
    """Resource classes by the text in their `object` field."""
    kinds = (
        stripe.checkout.Session,
        stripe.PaymentIntent,
        stripe.PaymentMethod,
        stripe.Charge,
        stripe.Customer,
        stripe.Event,
        stripe.LineItem,
        stripe.Price,
        stripe.Refund,
        stripe.Dispute,
        stripe.Balance,
        stripe.BalanceTransaction,
        stripe.Payout,
        stripe.Invoice,
        stripe.InvoicePayment,
        stripe.WebhookEndpoint,
    )
    return {kind.OBJECT_NAME: kind for kind in kinds}


def optional(hint: Any) -> bool:
    """Whether an annotation allows null."""
    return typing.get_origin(hint) in UNIONS and type(None) in typing.get_args(hint)


def mismatches(value: Any, hint: Any, path: str) -> list[str]:
    """Everything in which a JSON value differs from an annotation."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    resource = origin or hint
    if origin in UNIONS:
        return _none_fits(value, arguments, path)
    if origin is list:
        return _list(value, arguments[0], path)
    if resource is UntypedStripeObject:
        return _mapping(value, arguments[0] if arguments else Any, path)
    if resource is stripe.ListObject:
        return _list_object(value, arguments[0], path)
    if inspect.isclass(resource) and issubclass(resource, stripe.StripeObject):
        return _object(value, resource, path)
    return [] if _fits(value, hint) else [f"{path}: {value!r} is no {hint}"]


def _fits(value: Any, hint: Any) -> bool:
    if hint is Any:
        return True
    if typing.get_origin(hint) is Literal:
        return value in typing.get_args(hint)
    if hint is Decimal:
        return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    # type() and not isinstance(): a bool is no int on the wire.
    return type(value) is hint


def _none_fits(value: Any, alternatives: tuple[Any, ...], path: str) -> list[str]:
    closed = any(typing.get_origin(each) is Literal for each in alternatives)
    tried = [each for each in alternatives if not (closed and each is str)]
    differences = [mismatches(value, each, path) for each in tried]
    if any(not difference for difference in differences):
        return []
    # Of several failures, the one about the same JSON type says most.
    return max(differences, key=lambda difference: max(len(line) for line in difference))


def _list(value: Any, member: Any, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: {value!r} is no list"]
    return [
        line
        for index, each in enumerate(value)
        for line in mismatches(each, member, f"{path}[{index}]")
    ]


def _mapping(value: Any, member: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no object"]
    return [line for name in value for line in mismatches(value[name], member, f"{path}.{name}")]


def _list_object(value: Any, member: Any, path: str) -> list[str]:
    if not isinstance(value, dict) or set(value) != {"object", "data", "has_more", "url"}:
        return [f"{path}: {value!r} is no list object"]
    assert value["object"] == "list"
    assert isinstance(value["has_more"], bool)
    assert value["url"].startswith("/v1/")
    return _list(value["data"], member, f"{path}.data")


def _object(value: Any, resource: type, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no {resource.__qualname__}"]
    known = fields(resource)
    lines = [f"{path}.{name} is unknown to the SDK" for name in value if name not in known]
    for name, hint in known.items():
        if name in value:
            lines += mismatches(value[name], hint, f"{path}.{name}")
        elif not optional(hint):
            lines.append(f"{path}.{name} is missing")
    return lines
