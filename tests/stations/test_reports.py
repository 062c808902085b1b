"""信息有误: what readers say reaches whoever checks, and cannot drown them."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from stations.models import StationReport, Trouble
from stations.operations import REPORTS_A_DAY, Refused, report_trouble, settle_report
from stations.queries import station as find
from tests.conftest import NOW


@pytest.fixture
def station(make, session):
    return find(session, make.station("近站"))


def test_a_report_is_kept_without_anything_about_the_reader(session, station):
    report = report_trouble(session, station, Trouble.PHONE, "  没人接\n 三天了 ", now=NOW)
    session.commit()
    assert (report.words, report.trouble, report.county_code) == ("没人接 三天了", "phone", station.county_code)
    assert set(StationReport.__table__.c.keys()) == {
        "id", "county_code", "station_id", "trouble", "words", "reported_at", "settled_at",
    }  # fmt: skip


def test_blank_words_are_no_words(session, station):
    assert report_trouble(session, station, Trouble.GONE, " ", now=NOW).words is None


def test_a_station_takes_thirty_reports_a_day_and_new_ones_the_next_day(session, make, station):
    session.rollback()
    another = find(session, make.station("别站"))
    for _number in range(REPORTS_A_DAY):
        report_trouble(session, station, Trouble.OTHER, None, now=NOW)
    with pytest.raises(Refused, match="今天收到的报错太多了"):
        report_trouble(session, station, Trouble.OTHER, None, now=NOW + timedelta(hours=13, minutes=59))
    report_trouble(session, station, Trouble.OTHER, None, now=NOW + timedelta(hours=14))  # midnight in Shandong
    report_trouble(session, another, Trouble.OTHER, None, now=NOW)


def test_the_newest_report_comes_first_and_a_settled_one_is_gone(app, database, make):
    code = make.station("近站")
    with database.writing() as session:
        here = find(session, code)
        old = report_trouble(session, here, Trouble.HOURS, "周六不开", now=NOW - timedelta(days=1))
        new = report_trouble(session, here, Trouble.PHONE, None, now=NOW)
        session.flush()
        old_id, new_id = old.id, new.id
        session.commit()

    def run(*words: str) -> list[str]:
        result = app.test_cli_runner().invoke(args=["stations", "reports", *words])
        assert result.exit_code == 0
        return result.output.splitlines()

    first, second = run()
    assert first == f"{new_id}  2026-11-23 10:00  {code}  近站  电话打不通"
    assert second.endswith("周六不开")
    run("--settle", new_id)
    assert [line.split()[0] for line in run()] == [old_id]


def test_a_report_is_settled_once(session, station):
    report = report_trouble(session, station, Trouble.PHONE, None, now=NOW)
    session.flush()
    settle_report(session, report.id, now=NOW)
    with pytest.raises(Refused, match="已经处理"):
        settle_report(session, report.id, now=NOW)


def test_a_report_that_does_not_exist_is_one_sentence(app):
    result = app.test_cli_runner().invoke(args=["stations", "reports", "--settle", "nothing"])
    assert result.exit_code == 1
    assert "没有编号是 nothing" in result.output


def test_words_cannot_steer_the_terminal_they_are_read_in(client, make, session):
    code = make.station()
    client.post(f"/stations/{code}/report", data={"trouble": "phone", "words": "x\x1b[31m红\x1b]0;y\x07\u202e反\n行"})
    kept = session.scalars(sa.select(StationReport.words)).one()
    assert kept == "x[31m红]0;y反 行"
