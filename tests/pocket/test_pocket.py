"""What a phone keeps of one county: right, small, public, and only for reading."""

import json
import re
import shutil

import brotli
import pytest
from bs4 import BeautifulSoup

from common.editions import bump
from maps.place import Place
from pocket.routes import SHOWN
from stations.models import Division
from tests.builders import SQUARE
from tests.conftest import make_app, on_sqlite

MOST_BYTES = 150_000
COUNTY, TOWN, OTHER_TOWN = "370102", "370102001", "370102002"
WIRE = {"Accept-Encoding": "br"}


@pytest.fixture
def county(loaded, make):
    """历下区 with two towns and three stations: the town's own, a village's without telephone, one of another town."""
    make.station("大桥村医保工作站", items=(1,), phone=None, hours=None)
    make.station(
        "解放路街道医保工作站", items=(1, 2), assist=(18,), level="town", phone="0531-0001234", address="解放路 1 号"
    )
    make.division(OTHER_TOWN, "千佛山街道")
    make.station("山下医保工作站", items=(18,), town_code=OTHER_TOWN)
    make.station("停办医保工作站", open=False)
    return COUNTY


def pack_of(client, county: str) -> dict:
    response = client.get(f"/pocket/{county}.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return response.json


def test_the_pack_holds_what_one_needs_without_network(client, county):
    pack = pack_of(client, county)
    assert (pack["format"], pack["code"], pack["name"], pack["area"]) == (1, COUNTY, "历下区", "济南市·历下区")
    assert (pack["made"], pack["said"], pack["hotline"], pack["sample"]) == ("2026-11-23", "11月23日", "12393", False)
    assert pack["towns"] == [[TOWN, "解放路街道"], [OTHER_TOWN, "千佛山街道"]]
    first, second, third = pack["stations"]
    assert first[1:5] == ["解放路街道医保工作站", 0, "0531-0001234", "解放路 1 号"]
    assert first[5:7] == [round(SQUARE.lat, 5), round(SQUARE.lon, 5)]
    assert pack["takes"][first[7]] == [[1, 2], [18], []]
    assert pack["hours"][first[8]] == ["周一至周五 8:30–12:00、13:30–17:30", "节假日不开门"]
    assert (second[1], second[3], second[8]) == ("大桥村医保工作站", "", -1)
    assert pack["takes"][third[7]] == [[18], [], []]


def test_the_pack_says_what_to_bring(client, county):
    items = {item[0]: item for item in pack_of(client, county)["items"]}
    assert len(items) == 33
    _no, name, papers, note = items[2]
    assert name == "新生儿参保"
    assert any("出生" in paper[0] for paper in papers)
    assert "不用带" in note


def test_the_pack_holds_nothing_that_is_not_on_the_pages(client, county):
    assert set(pack_of(client, county)) == {
        *("format", "lang", "code", "name", "area", "made", "said", "sample", "hotline"),
        *("items", "hours", "takes", "towns", "stations"),
    }


def test_a_pack_speaks_the_readers_language(client, county):
    client.set_cookie("lang", "en")
    pack = pack_of(client, county)
    assert (pack["lang"], pack["said"]) == ("en", "2026-11-23")
    assert pack["items"][1][1] == "Newborn enrolment"
    assert pack["hours"][0][0].startswith("Mon")


def test_a_county_without_stations_has_an_empty_pack(loaded, client, make):
    for code, name in (("370000", "山东省"), ("370100", "济南市"), (COUNTY, "历下区")):
        make.division(code, name)
    assert pack_of(client, COUNTY)["stations"] == []
    assert "这里没有能办的站点" in client.get(f"/pocket/{COUNTY}").text


def test_a_town_the_list_does_not_know_is_named_after_its_county(client, county, make, session):
    make.station("新镇医保工作站", town_code="370102099")
    session.delete(session.get(Division, "370102099"))
    bump(session, "divisions")
    session.commit()
    pack = pack_of(client, county)
    assert pack["towns"][2] == ["370102099", "历下区"]
    assert pack["stations"][-1][2] == 2


def test_the_stations_of_a_merged_town_stay_on_the_page_and_in_the_pack_under_its_name(client, county, session):
    session.get(Division, OTHER_TOWN).became = TOWN
    bump(session, "divisions")
    session.commit()
    page = client.get(f"/pocket/{county}")
    assert "千佛山街道" in page.text
    assert "山下医保工作站" in client.get(f"/pocket/{county}?town={OTHER_TOWN}").text
    pack = pack_of(client, county)
    assert pack["towns"] == [[TOWN, "解放路街道"], [OTHER_TOWN, "千佛山街道"]]
    assert client.get(f"/pocket/{county}?town=370102099").status_code == 422


@pytest.mark.parametrize(
    "code", ["370100", "370000", "37", "370102001", "999999", "37010x", "３７０１０２", "..", "%00"]
)
@on_sqlite
def test_only_a_county_has_a_pack(client, county, code):
    assert client.get(f"/pocket/{code}.json").status_code == 404
    assert client.get(f"/pocket/{code}").status_code == 404


def test_the_largest_county_of_the_demo_is_small_on_the_wire(empty_sqlite, tmp_path):
    """All 624 stations of 滕州, which has more than any other of the 136."""
    file = shutil.copy(empty_sqlite, tmp_path / "largest.sqlite3")
    app = make_app(f"sqlite:///{file}", tmp_path, divisions=("370481",))
    result = app.test_cli_runner().invoke(args=["demo", "load"])
    assert result.exit_code == 0, result.output
    response = app.test_client().get("/pocket/370481.json", headers=WIRE)
    assert response.headers["Content-Encoding"] == "br"
    assert len(response.data) <= MOST_BYTES
    assert len(json.loads(brotli.decompress(response.data))["stations"]) == 624
    app.extensions["db"].engine.dispose()


@pytest.mark.parametrize(
    ("query", "shows", "hides"),
    [
        ("", ["解放路街道2 个站点", "千佛山街道1 个站点"], ["大桥村医保工作站"]),
        (f"?town={TOWN}", ["解放路街道医保工作站", "大桥村医保工作站", "0531-0001234"], ["山下医保工作站", "停办"]),
        ("?item=2", ["解放路街道1 个站点", "出生", "登记表到站里填"], ["千佛山街道"]),
        (f"?item=18&town={TOWN}", ["解放路街道医保工作站", "帮办"], ["大桥村医保工作站"]),
        (f"?item=33&town={TOWN}", ["这里没有能办的站点"], ["解放路街道医保工作站"]),
    ],
)
def test_the_page_shows_the_same_without_a_script(client, county, query, shows, hides):
    page = client.get(f"/pocket/{county}{query}")
    assert page.status_code == 200
    text = BeautifulSoup(page.text, "html.parser").find("main").get_text()
    text = re.sub(r"\s*\n\s*", "", text)
    assert [words for words in shows if words not in text] == []
    main = re.sub(r"<select.*?</select>", "", page.text, flags=re.S)
    assert [words for words in hides if words in main] == []


def test_a_station_on_the_page_can_be_rung_and_opened(client, county):
    page = client.get(f"/pocket/{county}?town={TOWN}&item=18")
    soup = BeautifulSoup(page.text, "html.parser")
    assert soup.select_one("ol.st a[href^='tel:']")["href"] == "tel:0531-0001234"
    assert soup.select_one("ol.st h3 a")["href"].endswith("?item=18")


@pytest.mark.parametrize(
    "query", ["item=61", "item=x", "item=-1", "town=370102", "town=370102999", "town=<b>", "after=-1"]
)
@on_sqlite
def test_a_wrong_question_is_one_sentence(client, county, query):
    page = client.get(f"/pocket/{county}?{query}")
    assert page.status_code == 422
    assert "有一处要改" in page.text
    assert "解放路街道" in page.text


def test_a_large_town_is_shown_page_by_page(client, county, make):
    for number in range(SHOWN):
        make.station(f"第{number}村医保工作站", Place(SQUARE.lat + number / 1000, SQUARE.lon))
    soup = BeautifulSoup(client.get(f"/pocket/{county}?town={TOWN}").text, "html.parser")
    assert len(soup.select("ol.st > li")) == SHOWN
    more = soup.find("a", string=re.compile("还有 2 个"))
    assert len(BeautifulSoup(client.get(more["href"]).text, "html.parser").select("ol.st > li")) == 2


def test_choosing_leads_to_every_county(client, county):
    page = client.get("/pocket", follow_redirects=True)
    assert f'href="/pocket/{COUNTY}"' in page.text
    assert f'href="/pocket/{COUNTY}"' in client.get(f"/stations/areas/{COUNTY}").text


def test_every_station_leads_to_the_pack_of_its_county(client, county, make):
    code = make.station("近站")
    assert f'href="/pocket/{COUNTY}"' in client.get(f"/stations/{code}").text


def test_the_worker_may_ask_only_this_host_and_answers_only_reading(client):
    response = client.get("/pocket/sw.js")
    assert response.mimetype == "text/javascript"
    assert response.headers["Service-Worker-Allowed"] == "/pocket/"
    assert response.headers["Cache-Control"] == "no-cache"
    policy = response.headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
    assert 'request.method !== "GET"' in response.text


def test_the_worker_keeps_only_files_that_are_there(client):
    given = json.loads(re.match(r"var POCKET = (.*);\n", client.get("/pocket/sw.js").text).group(1))
    assert given["shell"] == "/pocket/saved"
    assert [client.get(url).status_code for url in [given["shell"], *given["files"]]] == [200] * (
        1 + len(given["files"])
    )
    shell = BeautifulSoup(client.get(given["shell"]).text, "html.parser")
    loaded = [
        tag.get("src") or tag.get("href") for tag in shell.select("script[src], link[rel=stylesheet], link[rel=icon]")
    ]
    assert set(loaded) == set(given["files"]), "what the page loads is what the phone keeps"


def test_only_these_pages_may_start_a_worker(client, county):
    for url in ("/pocket/", f"/pocket/{county}", "/pocket/saved"):
        assert "worker-src 'self'" in client.get(url).headers["Content-Security-Policy"]
    assert "worker-src" not in client.get("/stations").headers["Content-Security-Policy"]


def test_the_scripts_write_words_only_as_text(client):
    for name in ("pocket.js", "pocket_saved.js", "pocket_worker.js"):
        source = client.get(
            re.search(rf"/assets/\w+/{name}", client.get("/pocket/sw.js").text).group()
            if name != "pocket_worker.js"
            else "/pocket/sw.js"
        ).text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", source), name


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@on_sqlite
def test_nothing_can_be_sent(client, county, method):
    for url in ("/pocket/", f"/pocket/{county}", f"/pocket/{county}.json", "/pocket/sw.js"):
        assert client.open(url, method=method).status_code == 405
