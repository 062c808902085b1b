"""A roster row says what it must, or is refused by a sentence that names the column and what to write."""

import csv
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.counties import county_of
from maps.place import Datum, Place, from_wgs84, metres_between
from stations.cells import Kind
from stations.hours import read_week, write_week
from stations.masks import item_numbers
from stations.models import Access, Channel, Host
from stations.roster import Checked, Said, check, row_of
from stations.roster_words import COLUMNS
from stations.sheets import Record, Table, open_table, write_csv
from tests.stations.rosters import GOOD, HEADERS, LEAST, OTHER_TOWN, OTHER_VILLAGE, TOWN, VILLAGE, known, write

HERE = Place(36.665, 117.09)


@pytest.fixture
def checked(tmp_path):
    """What rows come to: the good row with some cells changed."""

    def read(*rows: dict[str, str], fields=tuple(GOOD), said=Said(), **knowing) -> Checked:
        with open_table(write(tmp_path / "roster.csv", *rows, fields=fields), COLUMNS) as table:
            return check(table, known(**knowing), said)

    return read


def test_a_row_becomes_facts(checked):
    result = checked({})
    assert result.problems == []
    facts = dict(result.stations[0])
    assert (facts["lat"], facts["lon"]) == HERE
    assert facts["pinyin"].startswith("lishanlu")
    assert facts["initials"].startswith("lsl")
    assert facts["county_code"] == "370102"
    assert (facts["level"], facts["host"]) == ("village", "village_centre")
    assert facts["week"] == write_week(read_week("Mo-Fr 08:30-12:00,13:30-17:30; PH off"))
    assert item_numbers(facts["direct_mask"]) == [1, 7]
    assert item_numbers(facts["assist_mask"]) == [18]
    assert item_numbers(facts["consult_mask"]) == [20, 21, 22]
    assert facts["channels"] == 1 << list(Channel).index("window") | 1 << list(Channel).index("assisted")
    assert facts["access"] == 1 << list(Access).index("ramp") | 1 << list(Access).index("reading_glasses")
    assert facts["verified_on"] == date(2026, 11, 1)
    assert (facts["open"], facts["synthetic"]) == (True, False)


def test_a_row_states_only_what_its_file_has_columns_for(checked):
    facts = checked({}, fields=LEAST).stations[0]
    assert not facts.keys() & {"phone", "week", "open", "channels", "direct_mask", "verified_on", "source", "address"}


def test_blank_hours_and_phone_are_stated_as_not_known(checked):
    facts = checked({"hours": "", "phone": ""}).stations[0]
    assert (facts["week"], facts["phone"]) == (None, None)


def test_blank_items_source_and_date_are_not_stated(checked):
    blank = {"items_direct": "", "items_assist": "", "items_consult": "", "source": "", "verified_on": ""}
    assert not checked(blank).stations[0].keys() & {"direct_mask", "source", "verified_on"}
    said = Said(source="市局", verified_on=date(2026, 10, 1))
    facts = checked(blank, said=said).stations[0]
    assert (facts["source"], facts["verified_on"]) == ("市局", date(2026, 10, 1))


# (column, what stands there, a piece of the sentence)
WRONG = [
    ("code", "", "没填站点编码"),
    ("code", "中文编码", "4 到 24 位"),
    ("code", "3701 Z1;", "4 到 24 位"),
    ("code", "A" * 25, "4 到 24 位"),
    ("code", "3.70102E+17", "科学计数"),
    ("name", "", "没填站点名称"),
    ("name", "站" * 61, "缩到 60 字"),
    ("name", "历山路\u202e站", "U+202E"),
    ("name", "历山路\u200f站", "U+200F"),
    ("name", "历山\x07路", "U+0007"),
    ("name", "历山\n路", "U+000A"),
    ("name", "历山\u200b路", "U+200B"),
    ("name", "历山\ufffd路", "乱码"),
    ("level", "", "乡镇、村"),
    ("level", "市级", "不认识"),
    ("host", "棋牌室", "不认识"),
    ("host", "乡镇党群服务中心", "对不上"),
    ("town_code", "", "9 位"),
    ("town_code", "370102999", "不在行政区划表里"),
    ("town_code", "37010", "不在行政区划表里"),
    ("village_code", "370102001999", "不在行政区划表里"),
    ("village_code", OTHER_VILLAGE, "不在解放路街道"),
    ("lon", "", "没有位置"),
    ("lat", "", "没有位置"),
    ("lat", "nan", "不是度数"),
    ("lat", "inf", "不是度数"),
    ("lat", "北纬36度", "不是度数"),
    ("lat", "1e1", "不是度数"),
    ("lat", "-91", "-90 到 90"),
    ("lon", "181", "-180 到 180"),
    ("datum", "北京54", "不认识"),
    ("phone", "见公告栏", "不像一个电话"),
    ("phone", "0531-1234;0531-2345", "一格一个号码"),
    ("phone", "1" * 21, "不像一个电话"),
    ("phone", "+1 202 555 0100", "不像一个电话"),
    ("hours", "早上开门", "看不懂"),
    ("hours", "周一至周五 25:00-26:00", "不是一天里的时间"),
    ("items_direct", "99", "没有第 99 项"),
    ("items_direct", "0", "没有第 0 项"),
    ("items_direct", "2", "没有第 2 项"),
    ("items_direct", "7-1", "前后颠倒"),
    ("items_direct", "看病", "不在清单里"),
    ("items_direct", "1;18", "两种办法"),
    ("channels", "飞鸽", "不认识"),
    ("access", "电梯间", "不认识"),
    ("verified_on", "去年", "不是日期"),
    ("verified_on", "2026-02-30", "不是日期"),
    ("verified_on", "46000", "不是日期"),
    ("verified_on", "2026-11-24", "还没到"),
    ("open", "也许", "不认识"),
    ("synthetic", "也许", "不认识"),
    ("address", "路" * 201, "缩到 200 字"),
    ("source", "a\x00b", "U+0000"),
]


@pytest.mark.parametrize(("column", "cell", "piece"), WRONG)
def test_a_wrong_cell_is_refused_by_one_sentence_about_its_column(checked, column, cell, piece):
    result = checked({column: cell})
    assert result.stations == []
    assert (result.bad, result.errors) == (1, 1)
    problem = result.problems[0]
    assert (problem.line, problem.kind, problem.value) == (2, Kind.ERROR, cell)
    assert problem.column in (HEADERS[column], HEADERS["host"], HEADERS["items_direct"])
    assert piece in problem.words
    assert problem.words.endswith("。")


def test_every_wrong_cell_of_a_row_is_named(checked):
    result = checked({"lat": "x", "phone": "y", "level": "z"})
    assert {problem.column for problem in result.problems} == {"纬度", "电话", "级别"}
    assert result.bad == 1


def test_swapped_coordinates_are_refused_as_swapped(checked):
    problem = checked({"lon": GOOD["lat"], "lat": GOOD["lon"]}).problems[0]
    assert problem.kind is Kind.ERROR
    assert problem.words == "经度和纬度两列像是填反了，请对调。"


def test_zero_zero_is_no_position(checked):
    assert "等于没有位置" in checked({"lon": "0", "lat": "0.0"}).problems[0].words


def test_a_second_row_with_the_same_code_is_refused(checked):
    result = checked({}, {"name": "又一个"}, {"code": "ANOTHER-1"})
    assert [facts["name"] for facts in result.stations] == ["历山路医保工作站"] * 2
    assert [(problem.line, problem.words) for problem in result.problems] == [(3, "和第 2 行重复，请只留一行。")]


def test_a_town_outside_the_installation_is_refused(checked):
    result = checked({"town_code": OTHER_TOWN, "village_code": ""}, areas=("370102",))
    assert "不在本系统服务的地区" in result.problems[0].words


def test_a_position_without_a_datum_is_refused(checked):
    assert "没说坐标系" in checked({"datum": ""}, datum=None).problems[0].words
    assert checked({"datum": ""}, datum=Datum.GCJ02).stations[0]["datum"] == "gcj02"


@pytest.mark.parametrize(
    ("words", "datum"),
    [
        ("高德", Datum.GCJ02),
        ("GCJ-02", Datum.GCJ02),
        ("百度地图", Datum.BD09),
        ("天地图", Datum.CGCS2000),
        ("GPS", Datum.WGS84),
    ],
)
def test_a_position_in_another_datum_is_converted_and_its_datum_kept(checked, words, datum):
    there = from_wgs84(HERE, datum)
    facts = checked({"lon": f"{there.lon}"[:20], "lat": f"{there.lat}"[:20], "datum": words}).stations[0]
    assert metres_between(Place(facts["lat"], facts["lon"]), HERE) < 0.05
    assert facts["datum"] == datum


# Warnings


def test_a_station_far_outside_its_county_is_kept_with_a_warning_that_says_where_it_lies(checked):
    result = checked({"lon": "116.98", "lat": "36.57"})
    assert len(result.stations) == 1
    problem = result.problems[0]
    assert (problem.kind, problem.column) == (Kind.WARNING, "经度")
    assert "在历下区外" in problem.words
    assert "落在市中区" in problem.words


def test_a_station_just_outside_the_generalised_line_is_no_cause_for_words(checked):
    assert checked({"lon": "117.19", "lat": "36.67"}).problems == []  # 1.5 km east of it


def test_many_stations_in_the_wrong_datum_are_noticed_although_each_is_only_a_kilometre_off(checked):
    """Places all over 历下区, as 百度 shows them, declared as WGS-84."""
    grid = [Place(36.58 + north / 250, 117.0 + east / 250) for north in range(40) for east in range(50)]
    there = [from_wgs84(place, Datum.BD09) for place in grid if county_of(place) == "370102"]
    rows = [{"code": f"A{n:04}", "lon": f"{p.lon:.7f}", "lat": f"{p.lat:.7f}"} for n, p in enumerate(there)]
    problem = checked(*rows).problems[-1]
    assert (problem.line, problem.kind, problem.column) == (0, Kind.WARNING, "坐标系")
    assert "按 bd09" in problem.words
    assert checked(*[row | {"datum": "bd09"} for row in rows]).problems == []


def test_an_unknown_column_is_named_and_left_out(tmp_path):
    file = tmp_path / "roster.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([[*HEADERS.values(), "站长姓名"], [*GOOD.values(), "王某"]])
    with open_table(file, COLUMNS) as table:
        result = check(table, known(), Said())
    assert [(p.kind, p.column) for p in result.problems] == [(Kind.WARNING, "站长姓名")]
    assert "王某" not in str(result)


# Words people use


@pytest.mark.parametrize(
    ("column", "cell", "name", "value"),
    [
        ("level", "社区", "level", "village"),
        ("level", "VILLAGE", "level", "village"),
        ("host", "村（社区）党群服务中心", "host", "village_centre"),
        ("host", "村卫生室", "host", "clinic"),
        ("host", "便民服务中心", "host", "village_centre"),
        ("host", "银行网点", "host", "bank"),
        ("host", "enterprise", "host", "enterprise"),
        ("town_code", TOWN + "000", "town_code", TOWN),
        ("town_code", "３７０１０２００１", "town_code", TOWN),
        ("village_code", "", "village_code", None),
        ("lon", "E117.09°", "lon", 117.09),
        ("phone", "（0531）0001851", "phone", "0531-0001851"),
        ("phone", "0531—0001851 转 801", "phone", "0531-0001851 转 801"),
        ("phone", "+86 531-0001851", "phone", "0531-0001851"),
        ("phone", "12393", "phone", "12393"),
        ("items_direct", "城乡居民参保登记；参保信息查询", "direct_mask", 1 << 1 | 1 << 7),
        ("items_assist", "异地就医备案（长期、临时）", "assist_mask", 1 << 18),
        ("items_assist", "无", "assist_mask", 0),
        ("hours", "", "week", None),
        ("channels", "", "channels", 0),
        ("verified_on", "2026年11月1日", "verified_on", date(2026, 11, 1)),
        ("verified_on", "2026/11/1", "verified_on", date(2026, 11, 1)),
        ("verified_on", "20261101", "verified_on", date(2026, 11, 1)),
        ("open", "撤销", "open", False),
        ("open", "", "open", True),
        ("synthetic", "是", "synthetic", True),
        ("address", "历山路\n12 号", "address", "历山路 12 号"),
    ],
)  # fmt: skip
def test_a_cell_is_understood_as_people_write_it(checked, column, cell, name, value):
    result = checked({column: cell})
    assert result.problems == []
    assert result.stations[0][name] == value


@pytest.mark.parametrize("level", ["乡镇", "街道", "town"])
def test_the_centre_of_a_town_is_a_town_centre(checked, level):
    facts = checked({"level": level, "village_code": ""}).stations[0]
    assert facts["host"] == Host.TOWN_CENTRE


HOSTILE = [
    "${alert(1)}",
    "</script><script>alert(1)</script>",
    "=HYPERLINK(\"http://x\")",
    "'; DROP TABLE station; --",
    "站🏥👨‍👩‍👧🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "{{ 7*7 }}%s%(n)s",
    "''引号'",
    "乐陵　𠮷野",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strange_name_is_kept_as_it_was_typed(checked, name):
    result = checked({"name": name})
    assert result.problems == []
    assert result.stations[0]["name"] == name


@pytest.mark.parametrize("name", HOSTILE)
def test_a_station_written_as_a_row_is_read_back_as_the_same_station(checked, tmp_path, name):
    facts = checked({"name": name, "address": "-1 层", "lon": "117.0912345"}).stations[0]
    write_csv(tmp_path / "out.csv", [c.header for c in COLUMNS], [row_of(facts, facts["week"])])
    with open_table(tmp_path / "out.csv", COLUMNS) as table:
        again = check(table, known(datum=None), Said())
    assert again.problems == []
    assert again.stations == [facts]


def test_a_station_without_items_says_so_and_is_read_back_without(checked):
    facts = checked({"items_direct": "无", "items_assist": "", "items_consult": ""}).stations[0]
    assert (facts["direct_mask"], facts["assist_mask"], facts["consult_mask"]) == (0, 0, 0)
    row = dict(zip([column.field for column in COLUMNS], row_of(facts, facts["week"]), strict=True))
    assert row["items_direct"] == "无"


def test_the_village_names_its_own_town():
    assert known().villages[VILLAGE] == TOWN


@given(column=st.sampled_from(sorted(GOOD)), cell=st.text(max_size=80) | st.from_regex(r"[\d.;，、:\-eE转+ ]{1,20}"))
def test_whatever_stands_in_a_cell_is_taken_or_answered_with_a_sentence(column, cell):
    record = Record(2, GOOD | {column: cell.strip()}, 0)
    result = check(Table(HEADERS, (), 1, iter([record])), known(), Said())
    assert len(result.stations) + result.bad == 1
    for problem in result.problems:
        assert problem.words.endswith("。")
        assert len(problem.words) < 200
