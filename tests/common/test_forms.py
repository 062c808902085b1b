"""What people type becomes a value, or a sentence that says what to do."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from common.forms import Ask, Form
from common.i18n import lazy_gettext as _l


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def even(number: int) -> int:
    if number % 2:
        raise ValueError("件数要是双数")
    return number


class Order(BaseModel):
    name: Annotated[str, StringConstraints(min_length=2, max_length=4), Ask(_l("姓名"), hint="照证件上写")]
    colour: Annotated[Colour, Ask("颜色", widget="choice", options=(("red", "红"), ("blue", "蓝")))]
    pieces: Annotated[int, Field(ge=2, le=10), AfterValidator(even), Ask("件数")] = 2
    on: Annotated[date | None, Ask("日期")] = None
    unasked: str = ""

    @model_validator(mode="after")
    def _fits(self) -> "Order":
        if self.colour is Colour.BLUE and self.pieces > 8:
            raise ValueError("蓝色的最多 8 件")
        return self


GOOD = {"name": "王芳", "colour": "red", "pieces": "4", "on": "2026-03-01"}


def test_good_answers_become_typed_values():
    form = Form.read(Order, GOOD)
    assert form.ok
    assert form.value == Order(name="王芳", colour=Colour.RED, pieces=4, on=date(2026, 3, 1))


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"name": ""}, "name", "请填写姓名"),
        ({"name": "   "}, "name", "请填写姓名"),
        ({"name": "王"}, "name", "姓名太短了，至少 2 个字"),
        ({"name": "王芳王芳王"}, "name", "姓名太长了，最多 4 个字"),
        ({"colour": ""}, "colour", "请选择颜色"),
        ({"colour": "绿"}, "colour", "颜色没有这一种，请重新选"),
        ({"pieces": "12"}, "pieces", "件数超出了范围"),
        ({"pieces": "many"}, "pieces", "件数格式不对"),
        ({"pieces": "3"}, "pieces", "件数要是双数"),
        ({"on": "2026-02-30"}, "on", "日期格式不对"),
        ({"colour": "blue", "pieces": "10"}, "form", "蓝色的最多 8 件"),
    ],
)
def test_each_mistake_is_one_sentence_in_the_words_of_the_label(app, change, field, sentence):
    with app.test_request_context():
        form = Form.read(Order, GOOD | change)
    assert form.errors == {field: sentence}
    assert not form.ok
    if field != "form":
        assert form[field].error == sentence


def test_every_wrong_field_has_its_own_sentence(app):
    with app.test_request_context():
        form = Form.read(Order, {"name": "", "colour": "x", "pieces": "y"})
    assert set(form.errors) == {"name", "colour", "pieces"}


def test_nothing_typed_is_lost():
    form = Form.read(Order, GOOD | {"name": " 王 ", "pieces": "many"})
    assert (form["name"].value, form["pieces"].value, form["on"].value) == ("王", "many", "2026-03-01")


def test_spaces_and_nul_around_an_answer_do_not_count():
    assert Form.read(Order, GOOD | {"name": " 王\0芳 "}).value.name == "王芳"


def test_json_is_read_like_a_form():
    assert Form.read(Order, {"name": "王芳", "colour": "red", "pieces": 4, "on": None}).value.pieces == 4
    assert Form.read(Order, {"name": ["王", "芳"], "colour": {"red": 1}}).errors.keys() == {"name", "colour"}


def test_unknown_names_are_ignored():
    assert Form.read(Order, GOOD | {"admin": "1"}).ok


def test_a_blank_form_has_no_errors_and_no_value():
    form = Form.blank(Order)
    assert form.ok
    assert form["name"].value == ""
    assert form["name"].required
    assert not form["on"].required
    with pytest.raises(ValueError, match="no value"):
        _ = form.value


def test_a_wrong_form_has_no_value():
    with pytest.raises(ValueError, match="no value"):
        _ = Form.read(Order, {}).value


def test_a_field_knows_how_to_be_drawn():
    field = Form.blank(Order)["colour"]
    assert (field.name, str(field.ask.label), field.ask.widget) == ("colour", "颜色", "choice")
    assert field.ask.options == (("red", "红"), ("blue", "蓝"))


def test_a_field_without_words_is_not_drawn_blank(app):
    with app.test_request_context():
        assert Form.blank(Order)["unasked"].ask.label
