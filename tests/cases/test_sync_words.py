"""Whatever the worker can write down about a message, a person reads in Chinese: all kinds, found by walking the code."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from cases.models import Case
from cases.sync_words import hidden, kind_words, why_words
from common.settings import ROOT
from sync.channel import Verdict
from sync.models import OutboxEntry
from sync.stands import RETURNED, SET_ASIDE
from tests.conftest import on_sqlite

PLACE = {"Reply": None, "Judged": 1}  # where a call names the kind without saying kind=


def kinds_in(file: Path) -> set[str]:
    """Every kind that a call of this module names; what is made up while it runs with an example in its place."""
    found: set[str] = set()
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call):
            place = PLACE.get(getattr(call.func, "id", ""))
            said = [word.value for word in call.keywords if word.arg in ("kind", "error_kind")]
            said += [call.args[place]] if place is not None and len(call.args) > place else []
            for one in said:
                found |= _texts(one)
    return found


def _texts(said: ast.expr) -> set[str]:
    if isinstance(said, ast.IfExp):
        return _texts(said.body) | _texts(said.orelse)
    if isinstance(said, ast.Subscript):
        return _texts(said.value)
    if isinstance(said, ast.JoinedStr):
        return {"".join(part.value if isinstance(part, ast.Constant) else "500" for part in said.values)}
    return {said.value} if isinstance(said, ast.Constant) and isinstance(said.value, str) else set()


NAMED = set().union(*(kinds_in(file) for file in (ROOT / "sync").glob("*.py"))) | set(get_args(Verdict))
PLAIN = {kind for kind in NAMED if kind != "reject" and not kind.startswith(("query-", "handler-"))}
KINDS = sorted({*PLAIN, *(f"query-{kind}" for kind in PLAIN), "handler-IntegrityError", SET_ASIDE, RETURNED} - {""})


def test_the_walk_finds_what_is_known_to_be_there():
    assert {
        "timeout",
        "stopped",
        "endless",
        "access",
        "address",
        "business",
        "other-answer",
        "http-500",
        "pause",
    } <= PLAIN


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_without_a_letter_of_the_code(kind):
    assert not re.search("[a-z]", kind_words(kind[: OutboxEntry.error_kind.type.length]))
    known = kind.removeprefix("query-")
    assert known.startswith("handler-") or kind_words(known) != kind_words("no such kind"), "words of its own"


@pytest.mark.parametrize(
    ("kind", "code", "said", "words"),
    [
        ("business", "-2", "未参保", "未参保"),
        ("business", "-2", "", "平台不收（-2）"),
        ("system", "-1", "系统内部错误", "平台出错：系统内部错误"),
        ("http-422", "", "HTTP 422", "网关出错（422）"),
        ("address", "", "HTTP 404", "接口地址不对（HTTP 404）"),
        ("timeout", "", "", "等回音超时"),
        ("other-answer", "0", "", "回的是别的办件"),
        ("query-timeout", "", "", "问平台收没收到，没问成：等回音超时"),
    ],
)
@on_sqlite
def test_why_it_did_not_go_through(app, kind, code, said, words):
    assert why_words(kind, code, said, None) == words


def test_the_people_of_a_case_are_masked_wherever_they_are_quoted():
    case = Case(
        subject={"name": "王玉兰", "masked_name": "王*兰", "contact_name": "王小军", "psn_no": "Q37A0099"},
        answers={"agnter_name": "张明", "resout_addr": "南京市某路 1 号", "certno": "C1234567", "emp_name": "某厂"},
    )
    said = hidden("王玉兰由张明代办，联系王小军，证件 C1234567，编号 Q37A0099，住南京市某路 1 号，在某厂", case)
    assert said == "王*兰由张*代办，联系王*军，证件 C123***67，编号 Q3****99，住南京市******，在某厂"
