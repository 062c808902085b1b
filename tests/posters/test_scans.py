"""Scanning a poster: what changed since, and how the bureau hears of old ones."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from common.db import reading
from posters import operations
from posters.models import PosterScan
from posters.operations import count_scan
from posters.queries import differences, scanned_lately, version_of
from posters.version import SEAL, Version, mark, sealed, unsealed, write_version
from stations.models import Station
from stations.queries import station as find
from tests.conftest import NOW, on_sqlite

TODAY = date(2026, 11, 23)
THEN = date(2026, 11, 3)
SECRET = "t" * 40


@pytest.fixture
def code(loaded, make) -> str:
    """A station with a phone and hours, and the catalogue."""
    return make.station("北关站", items=(1, 7), assist=(15,), phone="0531-1")


@pytest.fixture
def paper(session, code):
    """paper(direct=…): the version of a poster of that station, printed on 3 November; as today but for what is given."""

    def write(**facts) -> str:
        now = version_of(session, find(session, code), TODAY)
        return sealed(write_version(replace(now, **({"printed_on": THEN} | facts)), code), code, SECRET)

    return write


def words(response) -> str:
    return re.sub(r"\s+", " ", BeautifulSoup(response.text, "html.parser").main.text)


def plain(address: str) -> str:
    """The version without the seal."""
    return unsealed(address.rsplit("/", 1)[-1], "", "")[0]


def scans(session) -> list[int]:
    session.rollback()
    return list(session.scalars(sa.select(PosterScan.count)))


def test_a_true_poster_says_that_it_is_the_newest(client, code, paper):
    said = words(client.get(f"/p/{code}/{paper()}"))
    assert "单子还是最新的" in said
    assert "它是 11月3日 周二的" in said
    assert "告诉我们" not in said


CHANGES = [
    ({"direct": 1 << 1}, "新办：查参保信息"),
    ({"direct": 1 << 1 | 1 << 7 | 1 << 18}, "不办了：临时外出就医备案"),
    ({"assist": 0, "consult": 1 << 15}, "办法变了：异地长期居住备案 帮办"),
    ({"hours": mark("Sa 09:00-12:00")}, "时间变了：周一至周五 8:30–12:00、13:30–17:30 节假日不开门"),
    ({"phone": mark("0531-2")}, "电话变了：0531-1"),
    ({"direct": 1 << 1 | 1 << 7 | 1 << 50}, "不办了：第 50 项"),
    (
        {"direct": 1 << 1 | 1 << 7 | 0b1111111 << 41},
        "不办了：第 41 项、第 42 项、第 43 项、第 44 项、第 45 项、第 46 项 等 7 件",
    ),
]


@pytest.mark.parametrize(("facts", "sentence"), CHANGES, ids=range(len(CHANGES)))
def test_an_old_poster_says_what_changed(client, code, paper, facts, sentence):
    response = client.get(f"/p/{code}/{paper(**facts)}")
    assert "这张单子旧了" in words(response)
    assert "它是 11月3日 周二的，之后变了" in words(response)
    changes = BeautifulSoup(response.text, "html.parser").find("dl").find_all("div")
    assert [f"{one.dt.text}：{' '.join(one.dd.stripped_strings)}" for one in changes] == [sentence]


def test_the_poster_of_a_station_without_items_is_true_until_it_takes_one_on(client, make, session, code):
    empty = make.station("新站", items=())
    of = version_of(session, find(session, empty), TODAY)
    said = words(client.get(f"/p/{empty}/{sealed(write_version(of, empty), empty, SECRET)}"))
    assert "单子还是最新的" in said
    assert "还没登记能办的事，请先打电话问。" in said
    had = sealed(write_version(replace(of, direct=1 << 1), empty), empty, SECRET)
    assert "不办了居民参保登记" in words(client.get(f"/p/{empty}/{had}"))


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\u202e站\u200f", "'\"><img src=x>", "名" * 120], ids=range(4)
)
def test_a_hostile_name_is_only_text_where_a_poster_leads(client, make, session, code, name):
    hostile = make.station(name, phone="<b>1</b>")
    for version in ("abc", sealed(write_version(Version(THEN, 2, 0, 0, b"xx", b"yy"), hostile), hostile, SECRET)):
        page = BeautifulSoup(client.get(f"/p/{hostile}/{version}").text, "html.parser").main
        assert page.find("b", lang="zh-CN").text == name
        assert not page.find_all(["script", "img"])


def test_a_poster_of_another_year_says_the_year(client, code, paper):
    assert "它是 2025-03-04的" in words(client.get(f"/p/{code}/{paper(printed_on=date(2025, 3, 4))}"))


@pytest.mark.parametrize("version", ["abc", "x" * 500, "%F0%9F%98%80", "-", "..", "aeaa", "<script>"])
@on_sqlite
def test_a_damaged_version_says_so_and_shows_today(client, session, code, version):
    response = client.get(f"/p/{code}/{version}")
    assert response.status_code == 200
    assert "看不出单子的日期" in words(response)
    assert "居民参保登记" in words(response)
    client.post(f"/p/{code}/{version}/old")
    assert scans(session) == []


def test_the_poster_of_another_station_and_one_from_tomorrow_are_not_believed(client, make, code, paper):
    other = make.station("别站")
    assert "看不出单子的日期" in words(client.get(f"/p/{other}/{paper()}"))
    assert "看不出单子的日期" in words(client.get(f"/p/{code}/{paper(printed_on=TODAY + timedelta(days=1))}"))


def test_the_poster_of_a_closed_station_is_old(client, session, database, code, paper):
    with database.writing() as writer:
        writer.execute(sa.update(Station).values(open=False))
        writer.commit()
    assert "已经停办" in words(client.get(f"/p/{code}/{paper()}"))
    client.post(f"/p/{code}/{paper()}/old")
    assert scans(session) == [1]


def test_looking_counts_nothing_and_telling_counts_once_a_day(client, session, code, paper):
    url = f"/p/{code}/{paper(phone=mark('0531-2'))}"
    client.get(url)
    assert scans(session) == []
    for _ in range(2):
        response = client.post(f"{url}/old")
        assert (response.status_code, response.headers["Location"]) == (303, url)
    assert scans(session) == [1]
    assert "记下了" in words(client.get(url))
    session.rollback()
    row = session.scalars(sa.select(PosterScan)).one()
    assert (row.scanned_on, row.county_code) == (TODAY, "370102")


def test_the_cookie_names_nobody_and_goes_only_to_this_poster(client, code, paper):
    url = f"/p/{code}/{paper(phone=mark('0531-2'))}"
    cookie = client.post(f"{url}/old").headers["Set-Cookie"]
    assert cookie.startswith("told=1;")
    assert f"Path={url}" in cookie
    assert "Max-Age=86400" in cookie


def test_htmx_gets_thanks_in_place_of_the_button(client, session, code, paper):
    url = f"/p/{code}/{paper(phone=mark('0531-2'))}"
    response = client.post(f"{url}/old", headers={"HX-Request": "true"})
    assert "记下了" in response.text
    assert "<html" not in response.text
    assert scans(session) == [1]


def test_telling_of_a_true_poster_counts_nothing(client, session, code, paper):
    client.post(f"/p/{code}/{paper()}/old")
    assert scans(session) == []


def test_another_browser_and_another_day_count_again(app, session, code, paper):
    url = f"/p/{code}/{paper(phone=mark('0531-2'))}"
    app.test_client().post(f"{url}/old")
    app.test_client().post(f"{url.upper().replace('/P/', '/p/')}/old")
    assert scans(session) == [2]
    found = find(session, code)
    assert count_scan(session, found, plain(url), now=NOW + timedelta(days=1))
    session.commit()
    assert sorted(scans(session)) == [1, 2]


def test_one_poster_one_station_and_one_county_take_only_so_many_a_day(session, code, make, paper, monkeypatch):
    monkeypatch.setattr(operations, "SCANS_A_DAY", 3)
    monkeypatch.setattr(operations, "POSTERS_A_DAY", 2)
    monkeypatch.setattr(operations, "COUNTY_POSTERS_A_DAY", 3)
    session.rollback()
    others = [make.station(f"别站{n}", phone="1") for n in range(2)]
    found = find(session, code)
    old = [plain(paper(phone=mark(f"0531-{n}"))) for n in range(2, 6)]
    assert [count_scan(session, found, old[0], now=NOW) for _ in range(5)] == [True] * 3 + [False] * 2
    assert [count_scan(session, found, one, now=NOW) for one in old[1:]] == [True, False, False]
    others = [find(session, code) for code in others]
    version = Version(THEN, 2, 0, 0, mark("x"), mark("y"))
    taken = [count_scan(session, other, write_version(version, other.code), now=NOW) for other in others]
    assert taken == [True, False]
    assert not count_scan(session, found, old[0], now=NOW)


@pytest.mark.parametrize("seal", ["aaaaa", "", "another secret"])
def test_an_invented_version_is_compared_but_never_counted(client, session, code, paper, seal):
    version = plain(paper(phone=mark("0531-2")))
    invented = sealed(version, code, "x" * 40) if seal == "another secret" else version + seal
    response = client.get(f"/p/{code}/{invented}")
    assert "告诉我们" not in response.text
    if seal:
        assert "电话变了" in words(response)
    answers = [client.post(f"/p/{code}/{invented}/old", headers=more) for more in ({}, {"HX-Request": "true"})]
    assert scans(session) == []
    assert not any("记下了" in answer.text or "Set-Cookie" in answer.headers for answer in answers)


def test_nobody_waits_for_the_pen_where_there_is_nothing_to_count(app, client, session, code, paper, monkeypatch):
    """An invented, a true and a full one are answered while another holds the only writing session of SQLite."""
    monkeypatch.setattr(operations, "SCANS_A_DAY", 1)
    full = paper(phone=mark("0531-2"))
    app.test_client().post(f"/p/{code}/{full}/old")
    reading().rollback()  # one picture of the database for all requests of a test: a new one
    with app.extensions["db"].writing():
        for version in (paper(), "abc", full[:-SEAL] + "aaaaa", full):
            assert client.post(f"/p/{code}/{version}/old").status_code == 429
    assert scans(session) == [1]


def test_one_too_many_is_told_so_and_can_try_again_tomorrow(app, client, session, code, paper, monkeypatch):
    monkeypatch.setattr(operations, "SCANS_A_DAY", 1)
    url = f"/p/{code}/{paper(phone=mark('0531-2'))}"
    app.test_client().post(f"{url}/old")
    answer = client.post(f"{url}/old")
    assert answer.status_code == 429
    assert "这次没记上" in words(answer)
    assert "电话变了" in words(answer)
    assert "Set-Cookie" not in answer.headers
    answer = client.post(f"{url}/old", headers={"HX-Request": "true"})
    assert (answer.status_code, "这次没记上" in answer.text, "<html" in answer.text) == (200, True, False)
    assert "告诉我们这张旧了" in client.get(url).text
    assert scans(session) == [1]


def test_counts_older_than_three_months_go_with_the_next_scan(session, code, paper):
    found, version = find(session, code), plain(paper(phone=mark("0531-2")))
    days = (0, 89, 90, 91)
    for day in days:
        assert count_scan(session, found, version, now=NOW + timedelta(days=day))
    session.commit()
    kept = session.scalars(sa.select(PosterScan.scanned_on).order_by(PosterScan.scanned_on))
    assert list(kept) == [TODAY + timedelta(days=day) for day in days[1:]]


def test_differences_use_the_names_of_both_days(session, code, paper):
    found = differences(session, find(session, code), plain(paper(direct=1 << 1 | 1 << 30)), now=NOW)
    assert found is not None
    assert (found.new, found.gone, found.changed) == (("查参保信息",), ("家庭共济备案",), ())
    assert found.printed_on == THEN


def test_the_bureau_sees_which_old_posters_are_scanned(app, database, code, make):
    other = make.station("=HYPERLINK(1)", county_code="370103", phone="1")
    for where, printed_on, times in ((code, THEN, 3), (other, date(2025, 6, 1), 1)):
        version = sealed(write_version(Version(printed_on, 2, 0, 0, mark("x"), mark("y")), where), where, SECRET)
        for _ in range(times):
            app.test_client().post(f"/p/{where}/{version}/old")

    def run(*more: str) -> list[str]:
        result = app.test_cli_runner().invoke(args=["posters", "outdated", *more])
        assert result.exit_code == 0, result.output
        return result.output.splitlines()

    header, first, second = run()
    assert header == "县（市、区）,镇街,站点编码,站点,单子日期,近 30 天被扫次数,最近一次"
    assert first == f"历下区,解放路街道,{code},北关站,2026-11-03,3,2026-11-23"
    assert "'=HYPERLINK(1),2025-06-01,1" in second
    assert run("--county", "370103") == [header, second]
    assert app.test_cli_runner().invoke(args=["posters", "outdated", "--county", "3701"]).exit_code == 1
    with app.app_context(), database.read_session() as session:
        assert scanned_lately(session, "", since=TODAY + timedelta(days=1)) == []
