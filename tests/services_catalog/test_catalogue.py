"""The list: versions by date, what a file may say, the way back, regional differences, what can be searched."""

import csv
import io
from datetime import UTC, date, datetime

import pytest

from services_catalog import operations, queries, schema, shapes, shipped, views
from services_catalog.csv_file import MAX_BYTES, BadFile
from services_catalog.models import CatalogueVersion, Item
from services_catalog.schema import CatalogueRow, OverrideField, OverrideRow

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LIST = shipped.file("catalogue.csv").decode()
COLUMNS = schema.required_columns(CatalogueRow)


def changed(rows, no, **facts):
    """The rows with one of them changed."""
    return [row.model_copy(update=facts) if row.item_no == no else row for row in rows]


def bring_in(write, rows, on=TODAY, source="省局 2026"):
    return write(operations.import_catalogue, rows, source=source, effective_on=on, now=NOW)


# Versions


def test_without_a_list_the_catalogue_is_empty(read):
    assert read(queries.catalogue).number == 0
    assert read(queries.catalogue).items == {}


def test_what_we_ship_is_12_categories_and_33_items(loaded, read):
    current = read(queries.catalogue)
    assert (current.number, len(current.categories), len(current.items)) == (1, 12, 33)
    assert [len(category.items) for category in current.categories] == [4, 2, 3, 2, 2, 5, 3, 2, 4, 2, 2, 2]
    assert current.source == shipped.SOURCE


def test_loading_what_we_ship_makes_one_version_and_again_does_nothing(write, read):
    first = write(operations.load_shipped, NOW)
    assert (first.catalogue.number, len(first.answers.added), first.overrides) == (1, 163, 1)
    again = write(operations.load_shipped, NOW)
    assert (again.catalogue.number, again.answers, again.overrides) == (None, None, 0)
    assert len(read(queries.load_versions)) == 1


def test_what_we_ship_never_covers_a_list_that_an_operator_brought_in(loaded, write, read, rows):
    bring_in(write, changed(rows, 18, promised_limit_wd=1))
    assert write(operations.load_shipped, NOW).catalogue is None
    assert read(queries.catalogue).items[18].promised == 1


def test_the_same_list_makes_no_new_version(loaded, write, rows):
    diff = bring_in(write, rows)
    assert diff.number is None
    assert diff.empty


def test_a_list_for_a_later_date_is_in_force_from_that_date_on(loaded, write, read, rows, set_clock):
    diff = bring_in(write, changed(rows, 18, promised_limit_wd=3), on=date(2027, 1, 1))
    assert diff.number == 2
    assert read(queries.catalogue).number == 1
    set_clock(datetime(2026, 12, 31, 15, 59, tzinfo=UTC))  # 23:59 in Shandong
    assert read(queries.catalogue).items[18].promised == 0
    set_clock(datetime(2026, 12, 31, 16, 0, tzinfo=UTC))  # midnight
    assert read(queries.catalogue).items[18].promised == 3


def test_the_highest_number_that_has_begun_wins_and_a_covered_plan_is_named(loaded, write, read, rows):
    bring_in(write, changed(rows, 18, promised_limit_wd=3), on=date(2027, 1, 1))
    diff = bring_in(write, changed(rows, 18, promised_limit_wd=5))
    assert diff.covers == (2,)
    assert read(queries.catalogue, date(2027, 2, 1)).items[18].promised == 5


def test_after_taking_a_version_back_the_one_before_is_in_force(loaded, write, read, rows):
    bring_in(write, changed(rows, 18, promised_limit_wd=3))
    assert read(queries.catalogue).number == 2
    assert write(operations.withdraw, 2, NOW) == 1
    assert read(queries.catalogue).items[18].promised == 0
    assert [version.withdrawn for version in read(queries.load_versions)] == [False, True]


def test_a_version_taken_back_may_be_brought_in_again(loaded, write, read, rows):
    new = changed(rows, 18, promised_limit_wd=3)
    bring_in(write, new)
    write(operations.withdraw, 2, NOW)
    assert bring_in(write, new).number == 3
    assert read(queries.catalogue).items[18].promised == 3


def test_a_planned_version_can_be_taken_back(loaded, write, read, rows):
    bring_in(write, changed(rows, 18, promised_limit_wd=3), on=date(2027, 1, 1))
    assert write(operations.withdraw, 2, NOW) == 1
    assert read(queries.catalogue, date(2027, 1, 1)).number == 1


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "就没有清单可用了"), (2, "已经撤回了"), (9, "没有第 9 版清单")],
    ids=("last", "twice", "unknown"),
)
def test_a_version_is_not_taken_back_when_nothing_would_be_left(loaded, write, rows, number, words):
    bring_in(write, changed(rows, 18, promised_limit_wd=3))
    write(operations.withdraw, 2, NOW)
    with pytest.raises(operations.Refused, match=words):
        write(operations.withdraw, number, NOW)


def test_the_only_list_in_force_is_not_taken_back_for_one_that_begins_later(loaded, write, rows):
    bring_in(write, changed(rows, 18, promised_limit_wd=3), on=date(2027, 1, 1))
    with pytest.raises(operations.Refused, match="就没有清单可用了"):
        write(operations.withdraw, 1, NOW)


def test_equal_content_has_an_equal_digest_and_other_content_another(loaded, write, read, rows):
    def digests(session):
        return [session.get(CatalogueVersion, number).sha256 for number in (1, 2, 3)]

    bring_in(write, changed(rows, 18, promised_limit_wd=3))
    bring_in(write, list(reversed(rows)))
    first, second, third = read(digests)
    assert first == third != second


# The diff


def test_the_diff_names_what_came_what_went_and_each_field_old_and_new(loaded, write, rows):
    last = rows[-1]
    new = [row for row in changed(rows, 17, result="备案成功", channels=("window",)) if row.item_no != 33]
    diff = bring_in(write, [*new, last.model_copy(update={"item_no": 40, "item_name_zh": "新的一项"})])
    assert diff.added == (("40", "新的一项"),)
    assert diff.removed == (("33", last.item_name_zh),)
    assert ("17", "channels", "window；assisted；door-to-door；video；online", "window") in diff.changed
    assert {change.field for change in diff.changed} == {"channels", "result"}
    assert diff.renamed == ()


def test_another_name_for_a_number_is_told_apart_from_other_changes(loaded, write, rows):
    diff = bring_in(write, changed(rows, 18, item_name_zh="临时外出就医登记"))
    assert [change.key for change in diff.renamed] == ["18"]
    assert diff.renamed[0].new == "临时外出就医登记"


def test_a_diff_that_is_not_committed_leaves_nothing(loaded, app, read, rows):
    with app.app_context(), app.extensions["db"].writing() as session:
        new = changed(rows, 18, promised_limit_wd=3)
        diff = operations.import_catalogue(session, new, source="试", effective_on=TODAY, now=NOW)
        assert diff.number == 2
    assert read(queries.catalogue).number == 1
    assert read(queries.catalogue).items[18].promised == 0


# Plain words


def test_plain_words_and_everyday_words_join_the_name_they_were_written_for(loaded, read):
    item = read(queries.catalogue).items[18]
    assert item.short == "临时外出就医备案"
    assert item.purpose
    assert "外地看病" in item.everyday


def test_an_item_with_another_name_under_a_known_number_has_only_its_official_words(loaded, write, read, rows):
    bring_in(write, changed(rows, 18, item_name_zh="别的事项"))
    item = read(queries.catalogue).items[18]
    assert (item.short, item.purpose, item.steps, item.fee, item.everyday) == ("别的事项", "", (), "", ())


def test_a_category_with_another_name_is_cut_to_fit_its_tile(loaded, write, read, rows):
    name = "一个非常非常长的大类名称放不进格子"
    new = [row.model_copy(update={"category_name_zh": name}) if row.category_no == 6 else row for row in rows]
    bring_in(write, new)
    category = read(queries.catalogue).category(6)
    assert (category.name, category.tile) == (name, "一个非常非常长的大类名…")


def test_a_known_paper_has_its_title_and_an_unknown_one_its_official_name(loaded, write, read, rows):
    papers = {"materials": ("有效身份证件", "《没见过的材料》"), "materials_en": ("Valid ID document", "Unknown paper")}
    bring_in(write, changed(rows, 18, **papers))
    known, unknown = read(queries.catalogue).items[18].papers
    assert (known.title, known.instead) == ("身份证", "户口簿、居住证、护照也行")
    assert (unknown.title, unknown.instead) == ("《没见过的材料》", "")


def test_forms_are_not_among_the_papers_to_bring(loaded, read):
    item = read(queries.catalogue).items[15]
    assert [paper.title for paper in item.papers] == ["身份证", "居住证明，比如居住证"]
    assert [form.name_zh for form in item.forms] == ["《异地就医登记备案表》"]


def test_a_step_about_a_limit_that_is_not_known_is_left_out(loaded, write, read, rows):
    before = read(queries.catalogue).items[32].steps
    assert any("30 个工作日" in step for step in before)
    bring_in(write, changed(rows, 32, promised_limit_wd=None))
    after = read(queries.catalogue).items[32].steps
    assert len(after) == len(before) - 1
    assert not any("{" in step for step in after)


@pytest.mark.parametrize(
    ("promised", "statutory", "words"),
    [(0, 10, "当场办好"), (20, 30, "20 个工作日内"), (None, 30, "最长 30 个工作日"), (None, None, "")],
)
def test_how_long_it_takes_is_said_only_where_it_is_known(promised, statutory, words):
    assert views.how_long(promised, statutory) == words


# Files


def as_file(**facts: str) -> bytes:
    """The shipped list with cells of its first row replaced."""
    rows = list(csv.DictReader(io.StringIO(LIST)))
    rows[0] |= facts
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_list_is_read_in_the_encodings_offices_save(encoding, rows):
    assert schema.read_catalogue(LIST.encode(encoding)) == rows


def test_line_ends_blank_lines_more_columns_and_another_order_do_not_matter(rows):
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([*reversed(line), "x"] for line in csv.reader(io.StringIO(LIST)))
    assert schema.read_catalogue((text.getvalue() + "\r\n" + "," * 24 + "\r\n").encode()) == rows


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {"village_mode": "自助"},
            "第 2 行：village_mode：“自助”没有这一种，只能写 direct / assist / consult / none。",
        ),
        ({"channels": "window;fax"}, "channels：“fax”没有这一种"),
        ({"channels": "window;window"}, "channels：同一个渠道写了两遍"),
        ({"channels": ""}, "channels：请填写办理渠道"),
        ({"confidence": "sure"}, "confidence：“sure”没有这一种，只能写 verified / knowledge / guess。"),
        ({"item_no": "0"}, "事项编号只能是 1 到 62"),
        ({"item_no": "63"}, "事项编号只能是 1 到 62"),
        ({"item_no": "一"}, "item_no：事项编号格式不对"),
        ({"item_no": "2"}, "第 3 行：事项编号 2 在第 2 行用过了"),
        ({"item_name_zh": ""}, "item_name_zh：请填写事项名称"),
        ({"item_name_zh": "长" * 81}, "item_name_zh：事项名称太长了，最多 80 个字"),
        ({"item_code": "37-2036"}, "item_code：事项编码格式不对"),
        ({"materials": "身份证"}, "材料中文 1 样，英文 3 样，请对上"),
        ({"materials": "身份证;;照片"}, "materials：分号之间有空的"),
        ({"promised_limit_wd": "-1"}, "promised_limit_wd：承诺时限超出了范围"),
        ({"promised_limit_wd": "11"}, "承诺时限比法定时限还长"),
        ({"statutory_limit_wd": "很快"}, "statutory_limit_wd：法定时限格式不对"),
        ({"reviewed_on": "2026-02-30"}, "reviewed_on：核对日期格式不对"),
        ({"category_name_zh": "别的"}, "第 3 行：大类 1 的名称和前面的不一样"),
        ({"category_no": "2", "category_name_zh": "参保信息变更登记"}, "大类 2 的名称和前面的不一样"),
        ({"category_no": "50"}, "第 3 行：大类“基本医疗保险参保登记”用了两个编号"),
        ({"item_name_zh": "参保\u202e登记"}, "item_name_zh 里有看不见的控制字符"),
        ({"item_name_zh": "参保\x07登记"}, "item_name_zh 里有看不见的控制字符"),
    ],
)
def test_each_mistake_is_one_sentence_with_its_line(facts, words):
    with pytest.raises(BadFile) as problem:
        schema.read_catalogue(as_file(**facts))
    assert words in str(problem.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "表头缺少：category_no"),
        (b"item_no,item_name_zh\n1,x\n", "表头缺少：category_no、category_name_zh"),
        (",".join(COLUMNS).encode(), "只有表头"),
        (",".join([*COLUMNS, "result"]).encode(), "表头有重复：result"),
        ((",".join(COLUMNS) + "\n1,2\n").encode(), "第 2 行：有 2 格，表头有 23 格"),
        ((",".join(COLUMNS) + '\n1,"2\n').encode(), "引号没有配对"),
        (b"PK\x03\x04" + b"\0" * 20, "这不是 CSV 文件"),
        (LIST.encode("utf-16"), "这不是 CSV 文件"),
        (b"\xff\xff\xff\xff", "文字编码认不出来"),
        (b"a" * (MAX_BYTES + 1), "文件超过 5 MB"),
    ],
    ids=("empty", "columns", "head only", "twice", "short", "quotes", "xlsx", "utf-16", "noise", "big"),
)
def test_a_file_that_is_no_list_is_refused_in_one_sentence(data, words):
    with pytest.raises(BadFile, match=words):
        schema.read_catalogue(data)


def test_every_bad_row_is_named_not_only_the_first():
    bad = LIST.replace("direct,direct", "dirct,direct")
    with pytest.raises(BadFile) as problem:
        schema.read_catalogue(bad.encode())
    assert len(problem.value.problems) == 8
    assert problem.value.problems[0].startswith("第 2 行")


def test_html_in_a_name_is_kept_as_text(write, read, rows):
    name = "<script>alert(1)</script>&amp;"
    bring_in(write, changed(rows, 18, item_name_zh=name))
    assert read(queries.catalogue).items[18].name == name


# Regional differences


def differ(write, division, field, value, *, en=None, on=date(2026, 1, 1), item=18):
    row = OverrideRow(
        division_code=division, item_no=item, field=field, value_zh=value, value_en=en, source="文件", effective_on=on
    )
    return write(operations.set_overrides, [row]) == [row]


def test_jinan_pays_the_maternity_allowance_unasked_and_says_who_said_so(loaded, read):
    here = read(queries.item_for, 27, "370102", TODAY)
    assert here.caution.startswith("在济南参保的，津贴自动发到")
    assert [d.source for d in here.differences] == ["济南市政府新闻办发布会 2025-04-09（转载文本）"]
    assert read(queries.item_for, 27, "370202", TODAY).differences == ()


def test_without_a_place_nothing_is_applied_but_all_differences_are_listed(loaded, read):
    item = read(queries.item_for, 27, None, TODAY)
    assert item.caution == ""
    assert [d.division_code for d in item.differences] == ["370100"]


def test_county_goes_before_city_and_city_before_province(loaded, write, read):
    differ(write, "370100", OverrideField.PROMISED, "3")
    differ(write, "370102", OverrideField.PROMISED, "1")
    differ(write, "370000", OverrideField.PROMISED, "5")

    def promised(code):
        return read(queries.item_for, 18, code, TODAY).promised

    codes = ("370102", "370102001", "370103", "370202", "370100", None)
    assert [promised(code) for code in codes] == [1, 1, 3, 5, 3, 0]


def test_of_one_division_the_latest_that_has_begun_holds(loaded, write, read):
    differ(write, "370100", OverrideField.PROMISED, "3", on=date(2026, 1, 1))
    differ(write, "370100", OverrideField.PROMISED, "2", on=date(2026, 11, 1))
    differ(write, "370100", OverrideField.PROMISED, "1", on=date(2027, 1, 1))
    days = (date(2025, 12, 31), date(2026, 5, 1), TODAY, date(2027, 1, 1))
    assert [read(queries.item_for, 18, "370100", day).promised for day in days] == [0, 3, 2, 1]


def test_fields_are_overridden_one_by_one(loaded, write, read):
    differ(write, "370000", OverrideField.CAUTION, "全省的提醒。", en="For the province.")
    differ(write, "370100", OverrideField.VILLAGE_MODE, "none")
    differ(write, "370100", OverrideField.AUDIENCE, "在济南参保的人", en="Insured in Jinan")
    item = read(queries.item_for, 18, "370102", TODAY)
    assert (item.caution, item.village_mode, item.town_mode) == ("全省的提醒。", None, "direct")
    assert item.audience == "在济南参保的人"
    assert sorted(d.words for d in item.differences) == ["全省的提醒。", "在济南参保的人", "村站：不办"]


def test_when_a_difference_ends_the_next_wider_one_holds_again(loaded, write, read):
    differ(write, "370000", OverrideField.PROMISED, "5")
    differ(write, "370100", OverrideField.PROMISED, "3")
    end = {"source": "文件", "effective_on": date(2026, 11, 1)}
    write(operations.end_override, "370100", 18, OverrideField.PROMISED, **end)
    assert read(queries.item_for, 18, "370100", date(2026, 10, 31)).promised == 3
    assert read(queries.item_for, 18, "370100", TODAY).promised == 5
    with pytest.raises(operations.Refused, match="没有这条地区差异"):
        write(operations.end_override, "370100", 18, OverrideField.PROMISED, **end)


def test_the_same_difference_twice_changes_nothing(loaded, write, read):
    assert differ(write, "370100", OverrideField.PROMISED, "3") is True
    assert differ(write, "370100", OverrideField.PROMISED, "3") is False
    assert differ(write, "370100", OverrideField.PROMISED, "4") is True
    assert len(read(queries.load_differences)) == 2  # with the one we ship


def test_a_difference_names_its_place_once_divisions_are_known(loaded, read, make):
    assert read(queries.item_for, 27, None, TODAY).differences[0].place_zh == "370100"
    make.division("370100", "济南市")
    assert read(queries.item_for, 27, None, TODAY).differences[0].place_zh == "济南市"


def test_a_difference_of_an_item_nobody_lists_is_refused(loaded, write):
    with pytest.raises(operations.Refused, match="清单里没有第 40 项"):
        differ(write, "370100", OverrideField.PROMISED, "3", item=40)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"division_code": "3701"}, "division_code：区划代码格式不对"),
        ({"division_code": "110000"}, "division_code：区划代码格式不对"),
        ({"field": "statutory_limit_wd"}, "field：“statutory_limit_wd”没有这一种"),
        ({"value_zh": "三"}, "承诺时限请写工作日数"),
        ({"field": "town_mode", "value_zh": "代办"}, "“代办”没有这一种"),
        ({"field": "caution", "value_zh": "提醒"}, "请把英文也写上"),
        ({"source": " "}, "source：请填写出处"),
    ],
)
def test_a_difference_that_makes_no_sense_is_explained(facts, words):
    good = {
        "division_code": "370100",
        "item_no": "18",
        "field": "promised_limit_wd",
        "value_zh": "3",
        "source": "文件",
        "effective_on": "2026-01-01",
    }
    assert schema.check_row(OverrideRow, good).value_zh == "3"
    with pytest.raises(ValueError, match=words):
        schema.check_row(OverrideRow, good | facts)


def test_an_unknown_item_is_nothing_anywhere(loaded, read):
    assert read(queries.item_for, 34, None, TODAY) is None
    assert read(queries.item_for, 34, "370102", TODAY) is None


# Search


def test_each_item_can_be_searched_by_its_names_and_everyday_words(loaded, read):
    entries = {entry.ref: entry for entry in read(queries.search_entries) if entry.kind == "item"}
    assert set(entries) == {str(no) for no in range(1, 34)}
    phrases = dict(entries["18"].phrases)
    assert phrases["其他跨省临时外出就医人员备案"] == phrases["临时外出就医备案"] == 1.0
    assert 0 < phrases["异地就医"] <= phrases["外地看病"] < 1.0
    assert "Short trip elsewhere" in phrases
    assert all(words and 0 < weight <= 1 for entry in entries.values() for words, weight in entry.phrases)


def test_search_follows_the_version_in_force(loaded, write, read, rows):
    bring_in(write, [row for row in rows if row.item_no != 18])
    assert "18" not in {entry.ref for entry in read(queries.search_entries) if entry.kind == "item"}


def test_reading_again_asks_only_for_editions(loaded, app):
    database = app.extensions["db"]
    for _ in range(2):
        database.sql_count.n = 0
        with app.app_context(), database.read_session() as session:
            queries.search_entries(session)
            queries.item_for(session, 27, "370102", TODAY)
            queries.related_answers(session, queries.catalogue(session).items[27])
    assert database.sql_count.n <= 2  # BEGIN counts on SQLite


def test_no_column_of_an_item_is_forgotten_in_any_of_its_shapes():
    columns, named, shown = (set(names) for names in zip(*shapes.COPIED, strict=True))
    not_copied = {"materials", "channels"}
    assert set(Item.__table__.columns.keys()) == columns | not_copied | {"plain", "version_number"}
    of_category = {"category_name_zh", "category_name_en"}
    assert set(CatalogueRow.model_fields) == named | not_copied | {"materials_en"} | of_category
    assert set(views.ItemView.__dataclass_fields__) == shown | not_copied | {"plain", "everyday", "differences"}
