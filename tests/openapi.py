"""public/openapi.json as a judge: is this answer, or this input, as it describes?"""

from __future__ import annotations

import copy
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from local.stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

PATH = ROOT / "public" / "openapi.json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_URI = "urn:purse:openapi"
# The media type of an answer -> its Content-Type.
_CONTENT_TYPES = {
    "application/json": "application/json",
    "text/csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True)
class Answer:
    """What came back, header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """As ECMAScript has it: `$` is the very end, not also before a last newline."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance, re.ASCII):
        yield ValidationError(f"does not match {pattern}")


def _is_integer(_: Any, instance: Any) -> bool:
    """As Stripe and we have it: 1.0 is none."""
    return type(instance) is int


_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(instance: Any) -> bool:
    return not isinstance(instance, str) or datetime.fromisoformat(instance).tzinfo is not None


@_FORMATS.checks("uri", raises=ValueError)
def _is_uri(instance: Any) -> bool:
    return not isinstance(instance, str) or bool(urlsplit(instance).netloc)


_Validator: Any = validators.extend(
    Draft202012Validator,
    {"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


class Description:
    """The description, asked about one path and method at a time."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
        self.paths: dict[str, Any] = self.document["paths"]
        # An answer may have only what is described, though clients should put up with more.
        self._answers = _registry(_closed(copy.deepcopy(self.document)))
        self._inputs = _registry(self.document)

    def methods(self, path: str) -> set[str]:
        """Return the methods a path answers; HEAD wherever GET is, as the description says."""
        described = {name.upper() for name in self.paths[path] if name in METHODS}
        return described | ({"HEAD"} if "GET" in described else set())

    def operation(self, path: str, method: str) -> dict[str, Any]:
        """Return an operation; that of any method of the path where it has not this one."""
        item = self.paths[path]
        name = {"HEAD": "get"}.get(method, method.lower())
        found: dict[str, Any] = item.get(name) or next(
            item[name] for name in METHODS if name in item
        )
        return found

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference within the document."""
        while "$ref" in node:
            pointer = node["$ref"].removeprefix("#/").split("/")
            node = self.document
            for part in pointer:
                node = node[part]
        return node

    def check(self, path: str, method: str, answer: Answer) -> None:
        """Assert that a path may answer so to a method: status, headers and body."""
        responses = self.operation(path, method)["responses"]
        assert str(answer.status) in responses, f"{answer.status} is not described: {answer.body!r}"
        if method not in self.methods(path):
            assert answer.status in {400, 405, 413}
        response = self.resolve(responses[str(answer.status)])
        for name, header in response["headers"].items():
            value = answer.headers.get(name.lower())
            if value is None:
                assert not self.resolve(header)["required"], f"{name} is missing"
                continue
            schema = self.resolve(header)["schema"]
            _validate(self._answers, schema, int(value) if value.isdigit() else value)
        if answer.status == 405:
            assert set(answer.headers["allow"].split(", ")) == self.methods(path)
        ((media_type, content),) = response["content"].items()
        assert answer.headers["content-type"] == _CONTENT_TYPES[media_type]
        if method == "HEAD":
            assert answer.body == b""
            return
        assert int(answer.headers["content-length"]) == len(answer.body)
        is_json = media_type == "application/json"
        value = json.loads(answer.body) if is_json else answer.body.decode("utf-8")
        _validate(self._answers, _closed(copy.deepcopy(content["schema"])), value)

    def accepts(self, schema: dict[str, Any], value: Any) -> bool:
        """Whether an input is as a schema of the description says."""
        with suppress(ValidationError):
            _validate(self._inputs, schema, value)
            return True
        return False

    def body_schema(self, path: str) -> dict[str, Any]:
        """Return the schema of the body that is posted to a path."""
        content = self.paths[path]["post"]["requestBody"]["content"]
        schema: dict[str, Any] = content["application/json"]["schema"]
        return schema


def _validate(registry: Registry[Any], schema: dict[str, Any], value: Any) -> None:
    # A reference within a schema is one within the document.
    schema = json.loads(json.dumps(schema).replace('"#/', f'"{_URI}#/'))
    _Validator(schema, registry=registry, format_checker=_FORMATS).validate(value)


def _registry(document: dict[str, Any]) -> Registry[Any]:
    return Registry().with_resource(_URI, DRAFT202012.create_resource(document))


def _closed(node: Any) -> Any:
    """Allow an object no property that its schema does not name."""
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        for child in node.values():
            _closed(child)
    elif isinstance(node, list):
        for child in node:
            _closed(child)
    return node


def as_described(response: httpx.Response) -> httpx.Response:
    """Check an answer of the site against the description and return it."""
    answer = Answer(response.status_code, response.headers, response.content)
    _published().check(response.request.url.path, response.request.method, answer)
    return response


@cache
def _published() -> Description:
    return Description()
