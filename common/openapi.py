"""What other programs may ask, generated from the routes under /api/v1 and the models they read and answer with. Floor 0.

@bp.post("/cases")
@speaks(body=FilingIn, answers={201: Filed, 422: Unfit})
def file() -> ResponseReturnValue:
    \"\"\"The first line becomes the summary.\"\"\"

Who may open it comes from the view's door, the arguments of the path from the rule. Nothing is written down twice.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import getdoc
from typing import Any, TypeVar

from flask import Blueprint, Flask, current_app
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

from common.doors import EVERYONE, open_to

View = TypeVar("View", bound=Callable[..., Any])
Shape = type[BaseModel]

UNDER = "/api/v1"
KEY_HEADER = "Idempotency-Key"
REPLAYED = "X-Replayed"
_REF = "#/components/schemas/{model}"
_KEY = "^([0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$"

_ARGUMENT = re.compile(r"<(\w+:)?(\w+)>")

bp = Blueprint("openapi", __name__)


class Problem(BaseModel):
    """What went wrong, and one sentence for whoever has to be told."""

    error: str
    message: str


class Mistakes(BaseModel):
    """What is wrong with what was sent: field or parameter → sentence."""

    errors: dict[str, str]


@dataclass(frozen=True)
class Said:
    """What a view reads and answers. `once`: it wants an operation id in the header Idempotency-Key."""

    query: Shape | None = None
    body: Shape | None = None
    answers: Mapping[int, Shape | None] = field(default_factory=dict)
    once: bool = False


def speaks(
    *,
    query: Shape | None = None,
    body: Shape | None = None,
    answers: Mapping[int, Shape | None] | None = None,
    once: bool = False,
) -> Callable[[View], View]:
    """Write down what a view reads and answers; None as an answer: any JSON object."""

    def mark(view: View) -> View:
        view.said = Said(query, body, answers or {}, once)  # type: ignore[attr-defined]
        return view

    return mark


@bp.get(f"{UNDER}/openapi.json")
@open_to(EVERYONE)
def document() -> dict[str, Any]:
    """This description."""
    kept: dict[str, Any] = current_app.extensions.setdefault("openapi", {})
    if not kept:
        kept |= describe(current_app)
    return kept


def describe(app: Flask) -> dict[str, Any]:
    """OpenAPI 3.1 of every route under /api/v1."""
    rules = sorted(
        (rule for rule in app.url_map.iter_rules() if rule.rule.startswith(UNDER)), key=lambda rule: rule.rule
    )
    told = [(rule, app.view_functions[rule.endpoint]) for rule in rules]
    schemas, named = _schemas([_said(view) for _rule, view in told])
    paths: dict[str, Any] = {}
    for rule, view in told:
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(_path(rule), {})[method.lower()] = _operation(rule, view, named, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Menkou 门口", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": app.config["SESSION_COOKIE_NAME"]}
            },
        },
    }


Named = Mapping[tuple[Shape, str], Any]


def _said(view: Any) -> Said:
    said: Said = getattr(view, "said", Said())
    return said


def _schemas(told: list[Said]) -> tuple[dict[str, Any], Named]:
    """Every model once, and where each is: what is read as it may be sent, what is answered as it is sent."""
    wanted: dict[tuple[Shape, Any], None] = {(Problem, "serialization"): None}
    for said in told:
        wanted |= {(shape, "validation"): None for shape in (said.query, said.body) if shape}
        wanted |= {(shape, "serialization"): None for shape in said.answers.values() if shape}
    named, made = models_json_schema(list(wanted), ref_template=_REF)
    return made.get("$defs", {}), named  # type: ignore[return-value]


def _path(rule: Rule) -> str:
    return _ARGUMENT.sub(r"{\2}", rule.rule)


def _operation(rule: Rule, view: Any, named: Named, schemas: dict[str, Any]) -> dict[str, Any]:
    said = _said(view)
    summary, _blank, more = (getdoc(view) or "").partition("\n")
    operation: dict[str, Any] = {
        "operationId": rule.endpoint,
        "summary": summary,
        "parameters": [*_arguments(rule), *_query(said, named, schemas), *_headers(said)],
        "responses": _responses(said, view, named),
    }
    if more.strip():
        operation["description"] = more.strip()
    if said.body:
        operation["requestBody"] = {"required": True, "content": _json(named[said.body, "validation"])}
    if isinstance(view.door, frozenset):
        operation["security"] = [{"session": []}]
    return operation


def _arguments(rule: Rule) -> list[dict[str, Any]]:
    whole = {"type": "integer", "minimum": 0}
    return [
        {"name": name, "in": "path", "required": True, "schema": whole if kind == "int:" else {"type": "string"}}
        for kind, name in _ARGUMENT.findall(rule.rule)
    ]


def _query(said: Said, named: Named, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if said.query is None:
        return []
    shape = schemas[named[said.query, "validation"]["$ref"].rsplit("/", 1)[1]]
    must = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in must, "schema": facts}
        for name, facts in shape["properties"].items()
    ]


def _headers(said: Said) -> list[dict[str, Any]]:
    key = {
        "name": KEY_HEADER,
        "in": "header",
        "required": True,
        "description": "32 hexadecimal digits or a UUID, a new one for each operation: sent again it does nothing anew.",
        "schema": {"type": "string", "pattern": _KEY},
    }
    return [key] if said.once else []


def _responses(said: Said, view: Any, named: Named) -> dict[str, Any]:
    problem = _json(named[Problem, "serialization"])
    told: dict[str, Any] = {}
    for status, shape in (said.answers or {200: None}).items():
        content = _json(named[shape, "serialization"]) if shape else _json({"type": "object"})
        told[str(status)] = {"description": _WORDS.get(status, "Answer"), "content": content}
    if said.once:
        told["200"]["headers"] = {
            REPLAYED: {"description": "1: done before", "schema": {"type": "string", "const": "1"}}
        }
    if isinstance(view.door, frozenset):
        for status in (401, 403):
            told[str(status)] = {"description": _WORDS[status], "content": problem}
    told["default"] = {"description": "Anything else that is wrong", "content": problem}
    return told


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


_WORDS = {
    200: "Done",
    201: "Made",
    401: "Nobody is signed in",
    403: "Not for this post",
    404: "Not there, or out of reach",
    409: "It has changed meanwhile, or the operation id was used for something else",
    422: "Something that was sent is wrong",
}
