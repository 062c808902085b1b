"""Categories, an item, answers as pages and as JSON: what a resident reads, in both languages, for one statement."""

from datetime import UTC, date, datetime

import pytest
from bs4 import BeautifulSoup

from services_catalog import operations
from services_catalog.schema import OverrideField, OverrideRow

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PAGES = ("/", "/services", "/services/6", "/services/items/18", "/answers", "/answers/P001", "/answers/P002")
MOST_STATEMENTS = 3  # BEGIN counts on SQLite


@pytest.fixture
def look(client):
    """look(path) opens a page and gives its soup; look(path, "en") in English."""

    def open_page(path: str, lang: str = "zh") -> BeautifulSoup:
        client.set_cookie("lang", lang)
        response = client.get(path)
        assert response.status_code == 200, path
        return BeautifulSoup(response.text, "html.parser")

    return open_page


def words(soup: BeautifulSoup) -> str:
    return " ".join(soup.main.get_text(" ").split())


def section(soup: BeautifulSoup, heading: str) -> str:
    found = next((h2 for h2 in soup.find_all("h2") if h2.get_text(strip=True) == heading), None)
    return "" if found is None else " ".join(found.parent.get_text(" ").split())


def facts(soup: BeautifulSoup) -> dict[str, str]:
    return {dt.get_text(): dt.find_next_sibling("dd").get_text() for dt in soup.select(".facts dt")}


# Lists


def test_the_first_page_has_the_12_categories(loaded, look):
    soup = look("/")
    links = [a["href"] for a in soup.select(".tiles a")]
    assert links == [f"/services/{no}" for no in range(1, 13)]
    assert "异地就医" in words(soup)


def test_every_item_can_be_reached_from_the_list_of_services(loaded, look):
    links = [a["href"] for a in look("/services").select("main a.cell")]
    assert links == [f"/services/items/{no}" for no in range(1, 34)]


def test_a_category_lists_its_items_with_what_they_are_for(loaded, look):
    soup = look("/services/6")
    assert soup.h1.get_text() == "异地就医"
    assert [a["href"] for a in soup.select("main a.cell")] == [f"/services/items/{no}" for no in range(14, 19)]
    assert "出差、旅游或自己去外省看病，办了它可以直接报销。" in words(soup)


def test_pages_stand_before_anything_is_brought_in(look):
    for path in ("/services", "/answers", "/"):
        assert look(path).h1


MISSING = (
    "/services/13",
    "/services/0",
    "/services/x",
    "/services/items/34",
    "/services/items/99999999999999999999",
    "/answers/P999",
    "/answers/%3Cscript%3E",
)


def test_what_does_not_exist_is_said_to_be_missing(loaded, client):
    for path in MISSING:
        response = client.get(path)
        assert (response.status_code, "没有这一页" in response.text) == (404, True), path
    response = client.get("/api/v1/items/34")
    assert (response.status_code, response.json["error"]) == (404, "Not Found")


# An item


def test_an_item_says_what_for_who_how_long_and_what_next(loaded, look):
    soup = look("/services/items/15")
    assert soup.h1.get_text() == "异地长期居住人员备案"
    assert "长期住在外地的人办了它，在那边看病可以直接报销。" in words(soup)
    assert facts(soup) == {"要多久": "当场办好", "管多久": "长期；用承诺书的看参保地"}
    assert "在异地长期居住生活的参保人" in section(soup, "谁能办")
    assert soup.select_one("ol.steps li").get_text() == "镇街站当场办；村站替您交上去。"
    assert "急诊抢救不用办，直接去医院。" in section(soup, "接下来")
    assert "医保发〔2022〕22号" in words(soup)


def test_what_to_bring_is_a_check_list_with_substitutes_and_forms_stay_at_the_station(loaded, look):
    soup = look("/services/items/15")
    papers = [label.get_text("|", strip=True) for label in soup.select(".checks label")]
    assert papers == ["身份证|医保码、社保卡也行，带一样就够", "居住证明，比如居住证|没有也行，到站里签一份承诺书"]
    assert len(soup.select(".checks input[type=checkbox]")) == 2
    assert "备案表到站里填，不用带。" in section(soup, "带什么")
    assert "《异地就医登记备案表》" in section(soup, "带什么")


def test_what_nobody_has_to_carry_has_no_box_to_tick(loaded, look):
    soup = look("/services/items/10")
    assert not soup.select(".checks")
    assert "不用带材料" in section(soup, "带什么")


def test_how_long_it_takes(loaded, look):
    for no, how_long, legal in (
        (18, "当场办好", ""),
        (1, "当场办好", "法定最长 10 个工作日。"),
        (24, "20 个工作日内", "法定最长 30 个工作日。"),
        (22, "30 个工作日内", ""),
    ):
        soup = look(f"/services/items/{no}")
        assert facts(soup)["要多久"] == how_long
        head = soup.select_one(".head").get_text()
        assert legal in head if legal else "法定" not in head


def test_free_of_charge_is_said_only_where_a_source_says_so(loaded, look):
    assert facts(look("/services/items/7"))["花钱吗"] == "不花钱"
    assert "《社会保险经办条例》（国令765号）第32条" in words(look("/services/items/7"))
    assert "花钱吗" not in facts(look("/services/items/18"))


def test_what_is_guessed_or_only_known_says_so(loaded, look):
    for no, verified in ((18, False), (15, False), (27, True), (22, True)):
        text = words(look(f"/services/items/{no}"))
        assert ("去之前打电话问清" in text) == (not verified)
        assert ("核对于 2026-11-22" in text) == verified
        assert verified or text.count("未核实") == 2


def test_an_item_says_how_towns_and_villages_handle_it_and_leads_to_stations(loaded, look):
    soup = look("/services/items/18")
    how = section(soup, "怎么办")
    assert "办理 镇街站" in how
    assert "帮办 村站" in how
    assert "各站自愿承办" in how
    assert soup.select_one(".bar a.go")["href"] == "/stations?item=18"
    for channel in ("请人上门", "视频办", "自己在机器上办", "手机上办"):
        assert channel in how
    assert "请人上门" not in section(look("/services/items/13"), "怎么办")


def test_questions_people_ask_about_the_item_stand_below_it(loaded, look):
    soup = look("/services/items/27")
    links = [a["href"] for a in soup.select("main a.cell") if a["href"].startswith("/answers/")]
    assert "/answers/P108" in links


def test_a_hostile_name_is_shown_as_text(loaded, write, rows, look):
    name = "<script>alert(1)</script>${7*7}"
    new = [row.model_copy(update={"item_name_zh": name}) if row.item_no == 18 else row for row in rows]
    write(operations.import_catalogue, new, source="试", effective_on=date(2026, 11, 23), now=NOW)
    assert look("/services/6").find("b", string=name)
    assert look("/services/items/18").h1.string == name


# Where


def test_at_a_place_what_is_different_there_is_applied_and_said(loaded, look, make):
    make.division("370100", "济南市")
    text = words(look("/services/items/27?at=370102"))
    assert "这里不一样" in text
    assert "济南市 ：在济南参保的，津贴自动发到关联的银行账户，不用申请。" in text
    assert "济南市政府新闻办发布会 2025-04-09" in text
    assert "这里不一样" not in words(look("/services/items/27?at=370202"))


def test_without_a_place_the_differences_are_listed(loaded, look, make):
    make.division("370100", "济南市")
    assert "济南市 ：在济南参保的" in section(look("/services/items/27"), "有的地方不一样")


def test_the_place_is_kept_in_the_way_to_the_stations(loaded, look):
    """A town or village is a place to set out from; of a county only the middle is known, where nobody lives."""
    town = look("/services/items/27?at=370102001")
    assert town.select_one(".bar a.go")["href"] == "/stations?item=27&area=370102001"
    assert look("/services/items/27?at=370102").select_one(".bar a.go")["href"] == "/stations?item=27"


def test_a_place_that_is_no_code_counts_as_not_said(loaded, look):
    for at in ("", "37", "3701021", "' OR 1=1", "３７０１０２", "9" * 10_000, "370102%0A"):
        soup = look(f"/services/items/27?at={at}")
        assert soup.select_one(".bar a.go")["href"] == "/stations?item=27"


def test_a_promise_that_differs_shows_in_the_facts(loaded, write, look):
    row = OverrideRow(
        division_code="370102",
        item_no=18,
        field=OverrideField.PROMISED,
        value_zh="2",
        source="文件",
        effective_on=date(2026, 1, 1),
    )
    write(operations.set_overrides, [row])
    assert facts(look("/services/items/18?at=370102"))["要多久"] == "2 个工作日内"
    assert facts(look("/services/items/18"))["要多久"] == "当场办好"


# Answers


def test_questions_are_listed_by_topic_and_none_that_is_out_of_date(loaded, look):
    soup = look("/answers")
    links = {a["href"] for a in soup.select("a.cell")}
    assert "/answers/P001" in links
    assert "/answers/P002" not in links
    assert soup.summary.get_text() == "基层站点"


def test_an_answer_has_its_date_region_source_and_caution(loaded, look):
    text = words(look("/answers/P001"))
    assert "全省在运行的基层医保工作站（点）有3.5万家" in text
    for said in (
        "截至 2025-11-19",
        "哪里适用 山东",
        "山东省政府新闻办发布会 2025-11-19",
        "要留意 不是每个村都有单独的站",
    ):
        assert said in text
    assert "过时" not in text


def test_an_answer_of_which_only_the_year_is_known_says_the_year(loaded, look):
    assert "截至 2020年" in words(look("/answers/P055"))


def test_an_answer_that_is_out_of_date_says_so_first_and_leads_to_what_holds(loaded, look):
    soup = look("/answers/P002")
    assert soup.select_one(".note h2").get_text() == "这条说法过时了"
    assert soup.select_one(".note a")["href"] == "/answers/P001"
    assert "以前的说法" in words(soup)
    assert "/answers/P002" not in [a["href"] for a in look("/answers/P001").select("a.cell")]


# English, JSON, cost


def test_pages_are_there_in_english(loaded, look):
    for path in (*PAGES, "/services/items/27?at=370100", "/answers/P055"):
        assert look(path, "en").html["lang"] == "en"


def test_an_item_in_english_keeps_its_official_name_for_the_paper(loaded, look):
    soup = look("/services/items/15", "en")
    assert soup.h1.get_text() == "Remote filing: long-term residents elsewhere"
    assert soup.find("p", lang="zh-CN").get_text() == "异地长期居住人员备案"
    assert "ID card" in words(soup)


def test_the_list_as_json(loaded, client):
    said = client.get("/api/v1/items").json
    assert (said["version"], said["effective_on"], len(said["categories"])) == (1, "2025-11-19", 12)
    assert said["categories"][5]["items"][4] == {
        "no": 18,
        "name": {
            "zh": "其他跨省临时外出就医人员备案",
            "en": "Remote filing: other temporary out-of-province care",
        },
        "short": {"zh": "临时外出就医备案", "en": "Short trip elsewhere"},
    }


def test_an_item_as_json_with_what_its_place_does_differently(loaded, client):
    said = client.get("/api/v1/items/27?at=370102").json
    assert (said["promised_limit_working_days"], said["verified"], said["village_mode"]) == (10, True, "assist")
    assert said["differences"][0]["division_code"] == "370100"
    assert said["materials"][0]["title"] == {"zh": "身份证", "en": "ID card"}
    assert said["channels"] == ["window", "assisted", "video", "online"]


def test_a_page_costs_at_most_three_statements(loaded, app, client):
    for path in (*PAGES, "/services/items/27?at=370102", "/api/v1/items", "/api/v1/items/27"):
        client.get(path)
        client.get(path)
        assert app.extensions["db"].sql_count.n <= MOST_STATEMENTS, path


def test_a_new_list_shows_at_once(loaded, write, rows, look):
    assert facts(look("/services/items/18"))["要多久"] == "当场办好"
    new = [row.model_copy(update={"promised_limit_wd": 2}) if row.item_no == 18 else row for row in rows]
    write(operations.import_catalogue, new, source="省", effective_on=date(2026, 11, 23), now=NOW)
    assert facts(look("/services/items/18"))["要多久"] == "2 个工作日内"
    write(operations.withdraw, 2, NOW)
    assert facts(look("/services/items/18"))["要多久"] == "当场办好"
