"""What a catalogue, a set of policy answers and a regional difference must say, column by column.

Room: the catalogue, floor 2. Comes in: CSV files of the province or a bureau, and what an operator types. No database.
Column names are those of services_catalog/data/*.csv. Every mistake is one sentence with its line in the file.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from common.forms import Ask, Form
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from services_catalog.csv_file import BadFile, at_line, numbered_rows
from services_catalog.models import MAX_ITEM_NO, Confidence, ModeOfItem

MOST_WORKING_DAYS = 366


class Channel(StrEnum):
    """Ways to get an item done, as the official list names them (domain.md §4)."""

    WINDOW = "window"
    ASSISTED = "assisted"
    DOOR_TO_DOOR = "door-to-door"
    SELF_SERVICE = "self-service"
    VIDEO = "video"
    ONLINE = "online"


class OverrideField(StrEnum):
    """What a division may do differently. The statutory limit is not here: the law is the same everywhere."""

    PROMISED = "promised_limit_wd"
    VILLAGE_MODE = "village_mode"
    TOWN_MODE = "town_mode"
    AUDIENCE = "audience"
    RESULT = "result"
    CAUTION = "caution"
    BRING_NOTE = "bring_note"
    LASTS = "lasts"


NUMBERS = {OverrideField.PROMISED}
MODES = {OverrideField.VILLAGE_MODE, OverrideField.TOWN_MODE}


def _one_of(kinds: type[StrEnum], *, none: bool = False) -> Callable[[Any], Any]:
    known = [*map(str, kinds), *(["none"] if none else [])]

    def check(value: Any) -> Any:
        if value is None or value in known:
            return None if value == "none" else value
        raise ValueError(_("“%(value)s”没有这一种，只能写 %(known)s。", value=value, known=" / ".join(known)))

    return check


def _split(value: Any) -> Any:
    """`a;b;c` → a tuple. A full-width semicolon counts as well."""
    return tuple(part.strip() for part in re.split("[;；]", value)) if isinstance(value, str) else value


def _channels(value: tuple[str, ...]) -> tuple[str, ...]:
    check = _one_of(Channel)
    if len(set(value)) != len(value):
        raise ValueError(_("同一个渠道写了两遍，请删掉一个。"))
    return tuple(check(channel) for channel in value)


def _no_blanks(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(value):
        raise ValueError(_("分号之间有空的，请补上或删掉多余的分号。"))
    return value


def _words(most: int) -> Any:
    return StringConstraints(min_length=1, max_length=most)


Mode = Annotated[ModeOfItem | None, BeforeValidator(_one_of(ModeOfItem, none=True))]
WorkingDays = Annotated[int | None, Field(ge=0, le=MOST_WORKING_DAYS)]
Names = Annotated[tuple[Annotated[str, _words(200)], ...], BeforeValidator(_no_blanks), BeforeValidator(_split)]
Channels = Annotated[tuple[Channel, ...], BeforeValidator(_channels), BeforeValidator(_split)]


class CatalogueRow(BaseModel):
    """One item of the list. Materials stand in the same order in both languages."""

    category_no: Annotated[int, Field(ge=1, le=99), Ask(_l("大类编号"))]
    category_name_zh: Annotated[str, _words(60), Ask(_l("大类名称"))]
    category_name_en: Annotated[str, _words(120), Ask(_l("大类英文名"))]
    item_no: Annotated[int, Ask(_l("事项编号"))]
    item_code: Annotated[str | None, Field(pattern=r"^\d{12,14}$"), Ask(_l("事项编码"))] = None
    item_name_zh: Annotated[str, _words(80), Ask(_l("事项名称"))]
    item_name_en: Annotated[str, _words(160), Ask(_l("事项英文名"))]
    audience: Annotated[str, _words(200), Ask(_l("办理对象"))]
    audience_en: Annotated[str, _words(300), Ask(_l("办理对象英文"))]
    materials: Annotated[Names, Ask(_l("材料"))]
    materials_en: Annotated[Names, Ask(_l("材料英文"))]
    statutory_limit_wd: Annotated[WorkingDays, Ask(_l("法定时限"))] = None
    promised_limit_wd: Annotated[WorkingDays, Ask(_l("承诺时限"))] = None
    village_mode: Annotated[Mode, Ask(_l("村站方式"))] = None
    town_mode: Annotated[Mode, Ask(_l("镇街站方式"))] = None
    channels: Annotated[Channels, Ask(_l("办理渠道"))]
    result: Annotated[str, _words(200), Ask(_l("办理结果"))]
    result_en: Annotated[str, _words(300), Ask(_l("办理结果英文"))]
    legal_basis: Annotated[str, _words(300), Ask(_l("依据"))]
    name_source: Annotated[str, _words(60), Ask(_l("名称来源"))]
    confidence: Annotated[Confidence, BeforeValidator(_one_of(Confidence)), Ask(_l("把握程度"))]
    provenance_note: Annotated[str, _words(1000), Ask(_l("出处说明"))]
    reviewed_on: Annotated[date | None, Ask(_l("核对日期"))] = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "CatalogueRow":
        if not 1 <= self.item_no <= MAX_ITEM_NO:
            raise ValueError(_("事项编号只能是 1 到 %(most)s，站点的清单按它记。", most=MAX_ITEM_NO))
        if len(self.materials) != len(self.materials_en):
            raise ValueError(
                _("材料中文 %(zh)s 样，英文 %(en)s 样，请对上。", zh=len(self.materials), en=len(self.materials_en))
            )
        if self.statutory_limit_wd is not None and (self.promised_limit_wd or 0) > self.statutory_limit_wd:
            raise ValueError(_("承诺时限比法定时限还长，请核对。"))
        return self


class AnswerRow(BaseModel):
    """A short dated answer. `topic_en` and `topic_order` are needed only for a topic we do not know yet."""

    id: Annotated[str, Field(pattern=r"^[A-Z][0-9]{3,11}$"), Ask(_l("编号"))]
    topic: Annotated[str, _words(20), Ask(_l("主题"))]
    topic_en: Annotated[str | None, _words(60), Ask(_l("主题英文"))] = None
    topic_order: Annotated[int | None, Field(ge=1, le=999), Ask(_l("主题次序"))] = None
    audience: Annotated[str, _words(60), Ask(_l("适用人群"))]
    region: Annotated[str, _words(20), Ask(_l("适用地区"))]
    region_en: Annotated[str, _words(40), Ask(_l("适用地区英文"))]
    question_zh: Annotated[str, _words(200), Ask(_l("问题"))]
    question_en: Annotated[str, _words(300), Ask(_l("问题英文"))]
    answer_zh: Annotated[str, _words(500), Ask(_l("答案"))]
    answer_en: Annotated[str, _words(800), Ask(_l("答案英文"))]
    figure: Annotated[str | None, _words(60), Ask(_l("数字"))] = None
    valid_as_of: Annotated[str, Field(pattern=r"^(19|20)\d\d(-\d\d-\d\d)?$"), Ask(_l("截至日期"))]
    superseded_by: Annotated[str | None, Ask(_l("替代它的编号"))] = None
    source: Annotated[str, _words(200), Ask(_l("出处"))]
    source_en: Annotated[str, _words(300), Ask(_l("出处英文"))]
    caution: Annotated[str | None, _words(300), Ask(_l("提醒"))] = None
    caution_en: Annotated[str | None, _words(300), Ask(_l("提醒英文"))] = None

    @model_validator(mode="after")
    def _says_no_figure_of_its_own(self) -> "AnswerRow":
        if len(self.valid_as_of) > len("2025"):
            try:
                date.fromisoformat(self.valid_as_of)
            except ValueError:
                raise ValueError(_("截至日期不是有效日期，例如 2025-11-19。")) from None
        extra = sorted(_figures(self.answer_zh) - _figures(self.figure or ""))
        if extra:
            raise ValueError(
                _("答案里的 %(figures)s 在“数字”一栏没有，出处没说的数字不能写。", figures="、".join(extra))
            )
        return self


class OverrideRow(BaseModel):
    """What one division does differently for one field of one item, from a date on."""

    division_code: Annotated[str, Field(pattern=r"^37\d{4}$"), Ask(_l("区划代码"))]
    item_no: Annotated[int, Field(ge=1, le=MAX_ITEM_NO), Ask(_l("事项编号"))]
    field: Annotated[OverrideField, BeforeValidator(_one_of(OverrideField)), Ask(_l("改哪一项"))]
    value_zh: Annotated[str | None, _words(500), Ask(_l("改成什么"))] = None
    value_en: Annotated[str | None, _words(500), Ask(_l("改成什么英文"))] = None
    source: Annotated[str, _words(200), Ask(_l("出处"))]
    effective_on: Annotated[date, Ask(_l("生效日期"))]

    @model_validator(mode="after")
    def _value_fits(self) -> "OverrideRow":
        if self.value_zh is None:
            return self  # the difference ends
        if self.field in MODES:
            _one_of(ModeOfItem, none=True)(self.value_zh)
        elif self.field in NUMBERS:
            if not re.fullmatch(r"\d{1,3}", self.value_zh) or int(self.value_zh) > MOST_WORKING_DAYS:
                raise ValueError(_("承诺时限请写工作日数，0 表示当场办好。"))
        elif self.value_en is None:
            raise ValueError(_("请把英文也写上（--value-en）。"))
        return self


def division_code(typed: str) -> str | None:
    """What was typed where it is a code of 6, 9 or 12 digits; anything else counts as not said."""
    return typed if re.fullmatch("[0-9]{6}(?:[0-9]{3}|[0-9]{6})?", typed) else None


Row = TypeVar("Row", bound=BaseModel)


def check_row(shape: type[Row], typed: dict[str, Any]) -> Row:
    """The checked row. Raises ValueError with one sentence per mistake, each after the name of its column."""
    form = Form.read(shape, typed)
    if not form.ok:
        raise ValueError(" ".join(_sentence(name, said) for name, said in form.errors.items()))
    return form.value


def _sentence(name: str, said: str) -> str:
    said = said if said.endswith("。") else said + "。"
    return said if name == "form" else f"{name}：{said}"


def required_columns(shape: type[BaseModel]) -> list[str]:
    """The columns a file must have: optional cells may be blank, but only new columns may be absent."""
    return [name for name in shape.model_fields if name not in {"topic_en", "topic_order"}]


def read_catalogue(data: bytes) -> tuple[CatalogueRow, ...]:
    """The list in a CSV file. Raises BadFile with every problem and its line."""
    rows = _read(data, CatalogueRow)
    problems = list(_same_number_twice(rows)) + list(_unclear_categories(rows))
    if problems:
        raise BadFile(problems)
    return tuple(row for _line, row in rows)


def read_answers(data: bytes) -> tuple[AnswerRow, ...]:
    """Policy answers in a CSV file. Raises BadFile with every problem and its line."""
    rows = _read(data, AnswerRow)
    problems = list(_same_id_twice(rows)) + list(_dead_ends(rows))
    if problems:
        raise BadFile(problems)
    return tuple(row for _line, row in rows)


def read_overrides(data: bytes) -> tuple[OverrideRow, ...]:
    """Regional differences in a CSV file. Raises BadFile with every problem and its line."""
    rows = _read(data, OverrideRow)
    if problems := list(_same_difference_twice(rows)):
        raise BadFile(problems)
    return tuple(row for _line, row in rows)


def _read(data: bytes, shape: type[Row]) -> list[tuple[int, Row]]:
    rows, problems = [], []
    for line, cells in numbered_rows(data, required_columns(shape)):
        try:
            rows.append((line, check_row(shape, cells)))
        except ValueError as problem:
            problems.append(at_line(line, str(problem)))
    if problems:
        raise BadFile(problems)
    return rows


def _same_number_twice(rows: list[tuple[int, CatalogueRow]]) -> Iterable[str]:
    first: dict[int, int] = {}
    for line, row in rows:
        if row.item_no in first:
            yield at_line(
                line, _("事项编号 %(no)s 在第 %(first)s 行用过了。", no=row.item_no, first=first[row.item_no])
            )
        first.setdefault(row.item_no, line)


def _same_difference_twice(rows: list[tuple[int, OverrideRow]]) -> Iterable[str]:
    first: dict[tuple[str, int, str, date], int] = {}
    for line, row in rows:
        said = (row.division_code, row.item_no, row.field, row.effective_on)
        if said in first:
            yield at_line(line, _("和第 %(first)s 行说的是同一处，请只留一行。", first=first[said]))
        first.setdefault(said, line)


def _unclear_categories(rows: list[tuple[int, CatalogueRow]]) -> Iterable[str]:
    names: dict[int, tuple[str, str]] = {}
    numbers: dict[str, int] = {}
    for line, row in rows:
        said = (row.category_name_zh, row.category_name_en)
        if names.setdefault(row.category_no, said) != said:
            yield at_line(line, _("大类 %(no)s 的名称和前面的不一样，请统一。", no=row.category_no))
        elif numbers.setdefault(row.category_name_zh, row.category_no) != row.category_no:
            yield at_line(line, _("大类“%(name)s”用了两个编号，请统一。", name=row.category_name_zh))


def _same_id_twice(rows: list[tuple[int, AnswerRow]]) -> Iterable[str]:
    first: dict[str, int] = {}
    for line, row in rows:
        if row.id in first:
            yield at_line(line, _("编号 %(id)s 在第 %(first)s 行用过了。", id=row.id, first=first[row.id]))
        first.setdefault(row.id, line)


def _dead_ends(rows: list[tuple[int, AnswerRow]]) -> Iterable[str]:
    """A superseded answer must lead, step by step, to one that stands."""
    after = {row.id: row.superseded_by for _line, row in rows}
    for line, row in rows:
        seen, here = {row.id}, row.superseded_by
        while here is not None:
            if here not in after:
                yield at_line(line, _("替代它的 %(id)s 不在文件里。", id=here))
                break
            if here in seen:
                yield at_line(line, _("%(id)s 绕了一圈又被自己替代，请核对。", id=row.id))
                break
            seen.add(here)
            here = after[here]


_DATES = re.compile(r"\d{4}年(?:度)?(?:\d{1,2}月)?(?:\d{1,2}日)?|\d{1,2}月(?:\d{1,2}日)?")


def _figures(text: str) -> set[str]:
    """What a Chinese text counts or measures, as written; its dates left out."""
    return set(re.findall(r"\d+(?:\.\d+)?", _DATES.sub(" ", text)))
