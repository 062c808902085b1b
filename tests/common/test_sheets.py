"""A long form says all that is wrong at once, also across fields, and understands how people write."""

from datetime import date
from typing import Annotated

import pytest
from pydantic import Field
from werkzeug.datastructures import MultiDict

from common.forms import Ask, When
from common.sheets import Sheet, plain_name, plain_number, plain_text, read_day, read_sheet

COLOURS = (("red", "红"), ("blue", "蓝"))


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture(autouse=True)
def _words(app):
    with app.app_context():
        yield


class Order(Sheet):
    name: Annotated[str | None, Ask("姓名", clean="name", least=2, most=5, must=True)] = None
    colour: Annotated[str | None, Ask("颜色", widget="choice", options=COLOURS, also=("green",), must=True)] = None
    number: Annotated[int | None, Ask("件数", widget="number", clean="number", pattern="[0-9]{1,3}")] = None
    first: Annotated[date | None, Ask("开始", widget="date")] = None
    last: Annotated[date | None, Ask("结束", widget="date")] = None
    gift: Annotated[bool, Ask("送人", widget="tick")] = False
    card: Annotated[str | None, Ask("贺卡", must=True, when=(When("gift", ("1",)),))] = None
    signed: Annotated[str | None, Ask("落款", must=True, when=(When("card", ("长",)),))] = None
    sizes: Annotated[list[int], Ask("尺码", widget="choices", options=(("1", "小"), ("2", "大")), clean="number")] = (
        Field(default_factory=list)
    )
    friend: Annotated[str | None, Ask("朋友")] = None
    phone: Annotated[str | None, Ask("朋友电话", must=True, follows="friend", secrecy="sen")] = None
    odd: Annotated[str | None, Ask("只在单日", when=(When("day", ("odd",)),))] = None

    @classmethod
    def facts(cls, said, about):
        return {"day": "odd" if about else "even"}

    @classmethod
    def rules(cls, form, about):
        if form.said["first"] and form.said["last"] and form.said["last"] < form.said["first"]:
            yield "last", "结束不能早于开始"
            yield "last", "后一句不说"
        if form.said["last"]:
            yield "form", "错的那一天没有意义，这里看不到"


GOOD = {"name": "王芳", "colour": "red"}


def errors(typed, about=None):
    return read_sheet(Order, GOOD | typed, about).errors


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({}, {}),
        ({"name": "", "colour": "  "}, {"name": "请填写姓名", "colour": "请选择颜色"}),
        ({"name": "王"}, {"name": "姓名至少 2 个字"}),
        ({"name": "王王王王王王"}, {"name": "姓名最多 5 个字"}),
        ({"name": "王芳1"}, {"name": "姓名里有不能用的字符，请改一下"}),
        ({"colour": "绿"}, {"colour": "颜色没有这一种，请重新选"}),
        ({"colour": "green"}, {}),
        ({"number": "many"}, {"number": "件数请填数字"}),
        ({"first": "2026-02-30"}, {"first": "开始请写成 2026-11-23 这样的日期"}),
        ({"gift": "1"}, {"card": "请填写贺卡"}),
        ({"card": "没人要看"}, {}),
        ({"friend": "李"}, {"phone": "请填写朋友电话"}),
        ({"sizes": ["1", "3"]}, {"sizes": "尺码没有这一种，请重新选"}),
        ({"sizes": ["1"] * 41}, {"sizes": "尺码没有这一种，请重新选"}),
        ({"number": {"a": 1}}, {"number": "件数请填数字"}),
        ({"friend": ["a"], "phone": "1"}, {"friend": "朋友里有不能用的字符，请改一下"}),
        ({"friend": "字" * 201, "phone": "1"}, {"friend": "朋友最多 200 个字"}),
    ],
)
def test_each_mistake_has_its_sentence(typed, found):
    assert errors(typed) == found


def test_a_rule_over_two_fields_speaks_while_a_third_is_wrong():
    wrong = {"name": "", "number": "x", "first": "2026-11-23", "last": "2026-11-22"}
    assert errors(wrong) == {"name": "请填写姓名", "number": "件数请填数字", "last": "结束不能早于开始"}


def test_what_is_not_asked_for_is_not_kept():
    form = read_sheet(Order, GOOD | {"card": "长", "signed": "王"})
    assert (form.said["card"], form.said["signed"], form.shown("card"), form["card"].shown) == (
        None,
        None,
        False,
        False,
    )
    form = read_sheet(Order, GOOD | {"gift": "on", "card": "长"})
    assert form.errors == {"signed": "请填写落款"}
    assert form["card"].required


def test_facts_open_fields_too():
    assert read_sheet(Order, GOOD | {"odd": "x"}, about=True).said["odd"] == "x"
    assert read_sheet(Order, GOOD | {"odd": "x"}, about=False).said["odd"] is None


def test_a_page_a_json_object_and_a_kept_draft_mean_the_same():
    page = read_sheet(Order, MultiDict([*GOOD.items(), ("sizes", "1"), ("sizes", "2"), ("gift", "on"), ("card", "好")]))
    json = read_sheet(Order, GOOD | {"sizes": [1, 2], "gift": True, "card": "好", "number": None})
    assert page.value == json.value
    assert read_sheet(Order, page.typed).value == page.value
    assert page["sizes"].values == ("1", "2")


def test_nothing_typed_is_lost():
    form = read_sheet(Order, GOOD | {"number": "many", "first": "明天"})
    assert (form["number"].value, form["first"].value, form["name"].value) == ("many", "明天", "王芳")


@pytest.mark.parametrize(
    "typed",
    ["2026-11-23", "2026/11/23", "2026.11.23", "2026年11月23日", "20261123", "２０２６－１１－２３", " 2026-11-23 "],
)
def test_a_day_is_understood_as_people_write_it(typed):
    assert read_day(typed) == date(2026, 11, 23)


@pytest.mark.parametrize("typed", ["", "2026-13-01", "2026-11-31", "26-11-23", "0000-01-01", "tomorrow", "٢٠٢٦-١١-٢٣"])
def test_no_day_is_guessed(typed):
    assert read_day(typed) is None


@pytest.mark.parametrize(
    ("clean", "typed", "kept"),
    [
        (plain_number, " ３７９８０１ 1952-0817 ００２ｘ\n", "37980119520817002X"),
        (plain_name, "测试•买买提", "测试·买买提"),
        (plain_name, " 买买提 ．  阿不都", "买买提 · 阿不都"),
        (plain_text, "枣园镇（北）８号\u200b\ud800", "枣园镇（北）8号"),
    ],
)
def test_what_hands_write_is_kept_one_way(clean, typed, kept):
    assert clean(typed) == kept


def test_a_description_of_the_form_speaks_the_words_of_its_labels():
    described = Order.model_json_schema()["properties"]
    assert (described["name"]["title"], described["colour"]["examples"]) == ("姓名", ["red", "blue"])
    assert described["sizes"]["type"] == "array"
