"""A bureau brings in its roster: the whole file or nothing, in one command, on both databases."""

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import Flask

from common.editions import numbers
from maps.place import Datum, Place, from_wgs84, pixel_of
from stations.models import HoursException, OpeningHours, Station, StationReport
from stations.roster_import import default_items
from tests.conftest import NOW
from tests.stations.rosters import GOOD, HEADERS, LEAST, OTHER_TOWN, OTHER_VILLAGE, TOWN, VILLAGE, write
from tests.stations.workbooks import xls, xlsx

ANOTHER = {"code": "370102001000W1", "name": "解放路街道医保工作站", "level": "乡镇", "village_code": ""}
ELSEWHERE = {
    "code": "370103001001Z1",
    "town_code": OTHER_TOWN,
    "village_code": OTHER_VILLAGE,
    "lon": "116.98",
    "lat": "36.63",
}


@dataclass
class Bureau:
    """Somebody at a bureau, with a folder of files and the command line."""

    app: Flask
    folder: Path

    def run(self, *words: object, ok: bool = True) -> str:
        result = self.app.test_cli_runner().invoke(args=["stations", *map(str, words)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert result.exit_code == (0 if ok else 1), result.output
        assert "Traceback" not in result.output
        return result.output

    def roster(self, *rows: dict[str, str], **how: object) -> Path:
        return write(self.folder / "roster.csv", *rows, **how)  # type: ignore[arg-type]

    def bring(self, *rows: dict[str, str], options: tuple[str, ...] = (), ok: bool = True, **how: object) -> str:
        return self.run("import", self.roster(*rows, **how), *options, ok=ok)

    def kept(self) -> dict[str, SimpleNamespace]:
        """The stations we have, by code, each with its week."""
        query = sa.select(*Station.__table__.c, OpeningHours.week).outerjoin(OpeningHours)
        with self.app.extensions["db"].read_session() as session:
            return {row.code: SimpleNamespace(**row._mapping) for row in session.execute(query)}

    def all_of(self, model: type) -> list:
        with self.app.extensions["db"].read_session() as session:
            return list(session.scalars(sa.select(model)))

    def report(self, name: str = "roster.csv.report.csv") -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def bureau(app, make, tmp_path) -> Bureau:
    for code, name in (
        ("370000", "山东省"),
        ("370100", "济南市"),
        ("370102", "历下区"),
        ("370103", "市中区"),
        (TOWN, "解放路街道"),
        (OTHER_TOWN, "大观园街道"),
        (VILLAGE, "历山路"),
        (OTHER_VILLAGE, "三里庄"),
    ):
        make.division(code, name)
    (tmp_path / "files").mkdir()
    return Bureau(app, tmp_path / "files")


def test_a_roster_comes_in_whole(bureau):
    said = bureau.bring({}, ANOTHER, ELSEWHERE)
    assert "共 3 行，新增 3，更新 0，没变 0，跳过 0" in said
    kept = bureau.kept()
    assert kept.keys() == {GOOD["code"], ANOTHER["code"], ELSEWHERE["code"]}
    station = kept[GOOD["code"]]
    assert (station.name, station.phone, station.inside) == (GOOD["name"], GOOD["phone"], GOOD["inside"])
    assert (station.mx, station.my) == pixel_of(Place(station.lat, station.lon))
    assert station.week == "Mo-Fr 08:30-12:00,13:30-17:30; PH off"
    assert station.county_code == "370102"
    assert abs(station.updated_at - NOW) < timedelta(minutes=10)
    assert not (bureau.folder / "roster.csv.report.csv").exists()


def test_the_same_file_twice_changes_nothing(bureau):
    bureau.bring({}, ANOTHER)
    before = bureau.kept()
    assert "新增 0，更新 0，没变 2" in bureau.bring({}, ANOTHER)
    assert bureau.kept() == before


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-16"])
def test_a_file_from_any_office_computer_comes_in(bureau, encoding):
    bureau.bring({}, encoding=encoding)
    assert bureau.kept()[GOOD["code"]].name == GOOD["name"]


@pytest.mark.parametrize("ending", ["xlsx", "xls"])
@pytest.mark.parametrize("make_book", [xlsx, xls])
def test_a_workbook_comes_in_old_or_new_whatever_its_ending_says(bureau, make_book, ending):
    cells = [GOOD | {"lon": 117.09, "lat": 36.665, "town_code": int(TOWN)}]
    rows = [["名册"], list(HEADERS.values()), *(list(row.values()) for row in cells)]
    bureau.run("import", make_book(bureau.folder / f"roster.{ending}", rows))
    station = bureau.kept()[GOOD["code"]]
    assert (station.lat, station.lon, station.town_code) == (36.665, 117.09, TOWN)


def test_a_dry_run_changes_nothing_and_tells_what_would(bureau):
    bureau.bring({})
    before = bureau.kept()
    said = bureau.bring({"phone": "12393"}, ANOTHER, options=("--dry-run",))
    assert "试运行，没有写入：共 2 行，新增 1，更新 1，没变 0" in said
    assert bureau.kept() == before


def test_one_bad_row_keeps_the_whole_file_out(bureau):
    bureau.bring({})
    before = bureau.kept()
    said = bureau.bring({"phone": "12393"}, ANOTHER | {"lat": "nan"}, ok=False)
    assert "第 3 行 纬度" in said
    assert "什么都没有导入" in said
    assert bureau.kept() == before


def test_skip_bad_keeps_the_good_rows(bureau):
    said = bureau.bring({}, ANOTHER | {"lat": "nan"}, ELSEWHERE, options=("--skip-bad",))
    assert "共 3 行，新增 2，更新 0，没变 0，跳过 1" in said
    assert bureau.kept().keys() == {GOOD["code"], ELSEWHERE["code"]}


def test_the_report_names_line_column_cell_and_reason(bureau):
    bureau.bring({"phone": "见公告栏"}, {"code": "A001", "lon": GOOD["lat"], "lat": GOOD["lon"]}, ok=False)
    first, second = bureau.report()
    assert (first["行号"], first["级别"], first["列"], first["原值"]) == ("2", "错误", "电话", "见公告栏")
    assert "不像一个电话" in first["说明"]
    assert (second["行号"], second["列"]) == ("3", "经度")
    assert second["说明"] == "经度和纬度两列像是填反了，请对调。"


def test_a_warning_is_reported_and_does_not_keep_the_file_out(bureau):
    said = bureau.bring({"lon": "116.98", "lat": "36.57"})
    assert "错误 0 处，提醒 1 处" in said
    line = bureau.report()[0]
    assert (line["行号"], line["级别"], line["列"], line["原值"]) == ("2", "提醒", "经度", "116.98")
    assert re.fullmatch(r"在历下区外 \d+ 公里，落在市中区，请核对。", line["说明"])
    assert len(bureau.kept()) == 1


def test_the_report_of_a_mended_file_is_gone(bureau):
    bureau.bring({"phone": "x"}, ok=False)
    bureau.bring({})
    assert not (bureau.folder / "roster.csv.report.csv").exists()


def test_the_report_goes_where_it_is_wanted_but_never_over_the_roster(bureau):
    bureau.bring({"phone": "x"}, options=("--report", str(bureau.folder / "mine.csv")), ok=False)
    assert len(bureau.report("mine.csv")) == 1
    file = bureau.roster({"phone": "x"})
    before = file.read_bytes()
    assert "盖掉名册" in bureau.run("import", file, "--report", file, ok=False)
    assert file.read_bytes() == before


def test_a_formula_in_a_bad_cell_is_no_formula_in_the_report(bureau):
    bureau.bring({"phone": '=HYPERLINK("http://x")'}, ok=False)
    assert bureau.report()[0]["原值"].startswith("'=")


def test_the_screen_shows_ten_problems_and_counts_the_rest(bureau):
    said = bureau.bring(*({"code": f"A{n:03}", "phone": "x"} for n in range(30)), ok=False)
    assert said.count("不像一个电话") == 10
    assert "错误 30 处" in said
    assert len(bureau.report()) == 30


NO_ROSTERS = [
    ("", "空的"),
    ("甲,乙\n1,2\n", "没找到表头"),
    ("站点编码,站点名称\nA1,站\n", "缺少"),
    (",".join(HEADERS.values()) + "\n", "没有内容"),
    ("<html></html>", "网页"),
]


def test_a_file_that_is_no_roster_is_one_sentence(bureau):
    file = bureau.folder / "roster.csv"
    for content, piece in NO_ROSTERS:
        file.write_text(content, encoding="utf-8")
        said = bureau.run("import", file, "--datum", "wgs84", ok=False)
        assert piece in said
        assert len(said.strip().splitlines()) == 1


def test_without_divisions_the_import_says_what_to_run_first(app, tmp_path):
    said = Bureau(app, tmp_path).bring({}, ok=False)
    assert "flask stations divisions" in said


def test_the_datum_must_be_said_somewhere(bureau):
    without = [field for field in GOOD if field != "datum"]
    assert "--datum" in bureau.bring({}, fields=without, ok=False)
    there = from_wgs84(Place(36.665, 117.09), Datum.GCJ02)
    row = {"lon": f"{there.lon:.8f}", "lat": f"{there.lat:.8f}"}
    bureau.bring(row, fields=without, options=("--datum", "gcj02"))
    station = bureau.kept()[GOOD["code"]]
    assert (station.lat, station.lon) == pytest.approx((36.665, 117.09), abs=1e-6)
    assert station.datum == "gcj02"


def test_what_the_sender_says_holds_where_rows_say_nothing(bureau):
    fields = [*LEAST, "datum", "source"]
    options = ("--source", "市局 2026 名册", "--verified-on", "2026-11-02", "--synthetic")
    bureau.bring({"source": ""}, ANOTHER | {"source": "区局"}, fields=fields, options=options)
    kept = bureau.kept()
    assert (kept[GOOD["code"]].source, kept[ANOTHER["code"]].source) == ("市局 2026 名册", "区局")
    assert str(kept[GOOD["code"]].verified_on) == "2026-11-02"
    assert kept[GOOD["code"]].synthetic
    assert "不是日期" in bureau.bring({}, options=("--verified-on", "昨天"), ok=False)


def test_without_a_source_the_file_is_the_source(bureau):
    bureau.bring({}, fields=[*LEAST, "datum"])
    assert bureau.kept()[GOOD["code"]].source == "名册 roster.csv"


def test_columns_with_names_of_their_own_are_mapped(bureau):
    file = bureau.roster({})
    file.write_text(file.read_text().replace("站点名称", "单位"))
    assert "缺少站点名称" in bureau.run("import", file, ok=False)
    bureau.run("import", file, "--map", "单位=name")
    assert bureau.kept()[GOOD["code"]].name == GOOD["name"]
    assert "要写成" in bureau.run("import", file, "--map", "单位", ok=False)


# Items


DEFAULTS = [
    ("乡镇", "党群服务中心", ("town", "town_centre")),
    ("村", "党群服务中心", ("village", "village_centre")),
    ("村", "卫生室", ("village", "clinic")),
    ("村", "银行网点", ("village", "bank")),
    ("村", "商保机构", ("village", "insurer")),
    ("村", "企业", ("village", "enterprise")),
    ("街道", "卫生院", ("town", "clinic")),
]


def test_a_new_station_that_names_no_items_gets_those_of_its_level_and_host(bureau):
    rows = [{"code": f"A{n:03}", "level": level, "host": host} for n, (level, host, _pair) in enumerate(DEFAULTS)]
    bureau.bring(*rows, fields=[*LEAST, "datum"])
    kept = bureau.kept()
    for n, (_level, _host, pair) in enumerate(DEFAULTS):
        station = kept[f"A{n:03}"]
        assert (station.level, station.host) == pair
        masks = (station.direct_mask, station.assist_mask, station.consult_mask)
        assert masks == tuple(default_items()[pair].values())
        assert station.direct_mask


def test_a_known_station_keeps_its_own_items_when_a_file_names_none(bureau):
    bureau.bring({"items_direct": "7", "items_assist": "", "items_consult": ""})
    bureau.bring({"items_direct": "", "items_assist": "", "items_consult": "", "phone": "12393"})
    station = bureau.kept()[GOOD["code"]]
    assert (station.direct_mask, station.assist_mask, station.phone) == (1 << 7, 0, "12393")


def test_items_are_checked_against_the_list_in_force_and_may_be_named(loaded, bureau):
    assert "清单里没有第 34 项" in bureau.bring({"items_direct": "34"}, ok=False)
    bureau.bring({"items_direct": "城乡居民参保登记", "items_assist": "", "items_consult": ""})
    assert bureau.kept()[GOOD["code"]].direct_mask == 1 << 1


# A roster that comes again


def test_a_changed_row_changes_its_station_and_nothing_else(bureau):
    bureau.bring({}, ANOTHER)
    before = bureau.kept()
    assert "更新 1，没变 1" in bureau.bring({"phone": "12393", "hours": "每天 8:00-20:00"}, ANOTHER)
    after = bureau.kept()
    assert after[ANOTHER["code"]] == before[ANOTHER["code"]]
    assert after[GOOD["code"]].id == before[GOOD["code"]].id
    assert (after[GOOD["code"]].phone, after[GOOD["code"]].week) == ("12393", "Mo-Su 08:00-20:00; PH off")


def test_a_column_that_is_not_there_leaves_what_is_known(bureau):
    bureau.bring({})
    bureau.bring({"name": "历山路新站"}, fields=[*LEAST, "datum"])
    station = bureau.kept()[GOOD["code"]]
    assert (station.name, station.phone, station.address) == ("历山路新站", GOOD["phone"], GOOD["address"])
    assert station.week


def test_stations_the_file_does_not_name_are_left_alone_and_counted(bureau):
    bureau.bring({}, ANOTHER, ELSEWHERE)
    assert "另有 1 个站点不在文件里，没动" in bureau.bring({})
    assert len(bureau.kept()) == 3


def test_a_station_that_moves_to_another_county_takes_its_dates_and_reports_along(bureau, make):
    bureau.bring({})
    station = bureau.kept()[GOOD["code"]]
    with bureau.app.extensions["db"].writing() as session:
        session.add(HoursException(county_code="370102", station_id=station.id, date=NOW.date()))
        session.add(StationReport(county_code="370102", station_id=station.id, trouble="phone", reported_at=NOW))
        session.commit()
    bureau.bring(ELSEWHERE | {"code": GOOD["code"]})
    assert bureau.kept()[GOOD["code"]].county_code == "370103"
    assert {row.county_code for row in bureau.all_of(HoursException) + bureau.all_of(StationReport)} == {"370103"}


def test_new_hours_are_news_to_every_process(bureau):
    def edition() -> int:
        with bureau.app.extensions["db"].read_session() as session:
            return numbers(session).get("hours", 0)

    bureau.bring({})
    first = edition()
    bureau.bring({"phone": "12393"})
    assert edition() == first
    bureau.bring({"hours": "周一 9:00-10:00"})
    assert edition() > first


# Out and in again


def test_an_exported_roster_comes_into_an_empty_house_and_goes_out_the_same(bureau):
    names = ["${x}", "</script>", "=1+1", "站🏥", "'a'", "好，站；"]
    there = from_wgs84(Place(36.66, 117.1), Datum.BD09)
    rows = [
        {"code": f"A{n:03}", "name": name, "items_direct": "无", "items_assist": ""} for n, name in enumerate(names)
    ]
    rows += [{"lon": f"{there.lon:.9f}", "lat": f"{there.lat:.9f}", "datum": "bd09"}, ANOTHER | {"open": "撤销"}]
    bureau.bring(*rows)
    first, second = bureau.folder / "first.csv", bureau.folder / "second.csv"
    assert "导出 8 个站点" in bureau.run("export", first)
    with bureau.app.extensions["db"].writing() as session:
        session.execute(sa.delete(Station))
        session.execute(sa.delete(OpeningHours))
        session.commit()
    assert "新增 8" in bureau.run("import", first)
    assert {station.name for station in bureau.kept().values()} >= set(names)
    bureau.run("export", second)
    assert first.read_bytes() == second.read_bytes()


def test_only_one_area_is_exported_when_one_is_named(loaded, bureau):
    bureau.bring({}, ANOTHER, ELSEWHERE)
    out = bureau.folder / "out.csv"
    for area, count in (
        ("", 3),
        ("37", 3),
        ("370000", 3),
        ("370100", 3),
        ("370102", 2),
        (TOWN, 2),
        (VILLAGE, 1),
        ("3713", 0),
    ):
        assert f"导出 {count} 个站点" in bureau.run("export", out, "--area", area)
    assert "行政区划代码" in bureau.run("export", out, "--area", "济南", ok=False)


# Single dates


def dates(bureau: Bureau, *rows: str) -> Path:
    file = bureau.folder / "dates.csv"
    file.write_text("\n".join(["站点编码,日期,时间,说明", *rows]), encoding="utf-8")
    return file


def test_hours_of_single_dates_come_in_and_can_be_taken_back(bureau):
    bureau.bring({})
    code = GOOD["code"]
    file = dates(bureau, f"{code},2026-12-01,9点到11点半,赶集日", f"{code},2026/12/2,休息,培训")
    assert "新增 2" in bureau.run("exceptions", file, "--dry-run")
    assert bureau.all_of(HoursException) == []
    assert "新增 2" in bureau.run("exceptions", file)
    assert "没变 2" in bureau.run("exceptions", file)
    kept = {str(row.date): (row.spans, row.note, row.county_code) for row in bureau.all_of(HoursException)}
    assert kept == {"2026-12-01": ("09:00-11:30", "赶集日", "370102"), "2026-12-02": (None, "培训", "370102")}
    assert "更新 1" in bureau.run("exceptions", dates(bureau, f"{code},2026-12-01,照常,"))
    assert [str(row.date) for row in bureau.all_of(HoursException)] == ["2026-12-02"]


WRONG_DATES = [
    ("X9999,2026-12-01,休息,", "没有编码"),
    (f"{GOOD['code']},明天,休息,", "不是日期"),
    (f"{GOOD['code']},,休息,", "没填日期"),
    (f"{GOOD['code']},2026-12-01,,", "没填时间"),
    (f"{GOOD['code']},2026-12-01,周一 9:00-10:00,", "用不上"),
    (f"{GOOD['code']},2026-12-01,休息,{'长' * 61}", "缩到 60 字"),
    (f"{GOOD['code']},2026-12-01,9:00-11:00,14:00-15:00,x", "多出 1 格"),
]


def test_a_wrong_date_row_is_one_sentence_and_keeps_the_file_out(bureau):
    bureau.bring({})
    file = dates(bureau, f"{GOOD['code']},2026-12-03,休息,", *(row for row, _piece in WRONG_DATES))
    assert "有 7 行要改" in bureau.run("exceptions", file, ok=False)
    assert bureau.all_of(HoursException) == []
    report = bureau.report("dates.csv.report.csv")
    assert [line["行号"] for line in report] == [str(n) for n in range(3, 10)]
    for line, (_row, piece) in zip(report, WRONG_DATES, strict=True):
        assert piece in line["说明"]
    assert "新增 1" in bureau.run("exceptions", file, "--skip-bad")
    assert len(bureau.all_of(HoursException)) == 1


def test_the_same_station_and_date_twice_is_refused(bureau):
    bureau.bring({})
    file = dates(bureau, *[f"{GOOD['code']},2026-12-01,休息,"] * 2)
    assert "和第 2 行重复" in bureau.run("exceptions", file, ok=False)


def test_the_shipped_calendar_and_a_notice_come_in(bureau):
    from common.editions import working_days

    def kind(day: datetime) -> tuple[bool, bool]:
        with bureau.app.app_context(), bureau.app.extensions["db"].read_session() as session:
            found = working_days(session).day(day.date())
            return found.works, found.estimated

    assert "新增 1" in bureau.run("calendar")
    assert "没变 1" in bureau.run("calendar")
    assert kind(datetime(2027, 1, 1, tzinfo=UTC)) == (False, False)
    notice = bureau.folder / "notice.csv"
    notice.write_text(
        "日期,是否上班,名称,来源\n2027-02-06,休息,春节,国办发明电\n2027-02-14,上班,,国办发明电\n", encoding="utf-8"
    )
    assert "新增 2" in bureau.run("calendar", notice)
    assert kind(datetime(2027, 2, 14, tzinfo=UTC))[0]
    notice.write_text("日期,是否上班,来源\n2027-02-30,也许,\n", encoding="utf-8")
    said = bureau.run("calendar", notice, ok=False)
    assert "不是日期" in said
    assert "不认识" in said
