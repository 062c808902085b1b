"""What another program sends as JSON, read strictly: one object, nothing twice, nothing JSON does not have. Floor 0."""

import json
from typing import Any

from flask import Request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from common.i18n import gettext as _


class NotJson(BadRequest):
    """The body cannot be read: 400 with one sentence."""

    @property
    def words(self) -> tuple[str]:
        """The sentence."""
        return (_("发来的不是一个 JSON 对象，请检查格式"),)


class NotSaidToBeJson(UnsupportedMediaType):
    """Sent as something else: 415 with one sentence."""

    @property
    def words(self) -> tuple[str]:
        """The sentence."""
        return (_("请用 Content-Type: application/json 发送"),)


def read_object(request: Request) -> dict[str, Any]:
    """The object in the body. Raises NotSaidToBeJson, NotJson; also for a name that stands twice (which one was meant?),
    for NaN, and for what is nested deeper than Python can follow."""
    if not request.is_json:
        raise NotSaidToBeJson
    try:
        said = json.loads(request.get_data(), object_pairs_hook=_once_each, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotJson from None
    if not isinstance(said, dict):
        raise NotJson
    return said


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a name stands twice")
    return said


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
