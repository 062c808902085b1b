"""The poster as a page and as PDF: what stands on it, that it is one sheet, and what is said when it cannot be made."""

import io
import re
from datetime import date

import pypdf
import pytest
from bs4 import BeautifulSoup

from common.qr import qr
from posters import pdf, queries
from posters.fonts import font_file
from posters.queries import Group, Line, Poster
from posters.version import read_version, unsealed
from services_catalog.queries import catalogue
from stations.queries import station as find
from tests.conftest import NOW, make_app, on_sqlite
from tests.posters.qr_reader import read

ALL = range(1, 34)
ROOT = "https://menkou.example.gov.cn"


def soup(response) -> BeautifulSoup:
    return BeautifulSoup(response.text, "html.parser")


def sheet(response) -> pypdf.PageObject:
    """The only page of a PDF."""
    assert response.mimetype == "application/pdf"
    pages = pypdf.PdfReader(io.BytesIO(response.data)).pages
    assert len(pages) == 1
    return pages[0]


def text_sizes(page: pypdf.PageObject) -> list[float]:
    """Sizes in points of all text of a page."""
    sizes: list[float] = []
    page.extract_text(visitor_text=lambda words, _cm, _tm, _font, size: sizes.append(size) if words.strip() else None)
    return sizes


def poster(**facts) -> Poster:
    groups = (Group("异地就医", (Line("异地长期居住备案", "assist"),)),)
    given = {
        "code": "370102001001Z1",
        "name": "北关社区医保工作站",
        "area": "济南市·历下区·解放路街道",
        "groups": groups,
    }
    given |= {"hours": ("周一至周五 8:30–12:00",), "phone": "0531-0001851", "hotline": "12393", "sample": ""}
    given |= {"checked": "核实于 2026年11月3日", "printed": "2026年11月23日打印", "printed_on": date(2026, 11, 23)}
    return Poster(**(given | {"url": f"{ROOT}/p/370102001001Z1/abc"} | facts))


def test_the_page_says_what_the_station_does_how_and_when(loaded, make, client):
    code = make.station(
        "北关社区站", items=(1, 7), assist=(15,), consult=(19,), phone="0531-0001851", verified_on=date(2026, 11, 3)
    )
    page = soup(client.get(f"/stations/{code}/poster"))
    assert page.h1.text == "北关社区站能办这些事"
    groups = {group.h2.text: [row.text for row in group.find_all("li")] for group in page.find_all(class_="grp")}
    assert groups == {
        "参加医保": ["居民参保登记办理"],
        "查询打印": ["查参保信息办理"],
        "异地就医": ["异地长期居住备案帮办"],
        "慢病用药": ["门诊慢特病认定咨询"],
    }
    foot = page.find(class_="scan").text
    for words in (
        "周一至周五 8:30–12:00、13:30–17:30",
        "节假日不开门",
        "0531-0001851",
        "核实于 2026年11月3日",
        "12393",
    ):
        assert words in foot
    assert "2026年11月23日打印" in foot
    assert "示例数据" not in page.article.text


def test_the_paper_stays_chinese_when_the_reader_is_english(loaded, make, client):
    code = make.station(items=ALL)
    chinese = soup(client.get(f"/stations/{code}/poster")).article
    client.set_cookie("lang", "en")
    english = soup(client.get(f"/stations/{code}/poster"))
    assert english.article.text == chinese.text
    assert "Download PDF" in english.text


def test_a_made_up_station_says_so_on_paper(loaded, make, client):
    code = make.station(synthetic=True)
    assert "示例数据，请勿张贴" in soup(client.get(f"/stations/{code}/poster")).article.text
    assert "示例数据，请勿张贴" in sheet(client.get(f"/stations/{code}/poster.pdf")).extract_text()


@pytest.mark.parametrize(("size", "paper"), [("a4", (595, 842)), ("a3", (842, 1191))])
def test_thirty_three_items_are_one_sheet_of_which_every_letter_can_be_read_from_afar(
    loaded, make, client, session, size, paper
):
    code = make.station("北关社区医保工作站", items=ALL, phone="0531-0001851")
    response = client.get(f"/stations/{code}/poster.pdf?size={size}")
    page = sheet(response)
    assert (round(page.mediabox.width), round(page.mediabox.height)) == paper
    words = page.extract_text()
    for item in catalogue(session).items.values():
        assert item.short in words
    for group in catalogue(session).categories:
        assert group.tile in words
    for said in ("北关社区医保工作站能办这些事", "0531-0001851", "8:30–12:00", "内容还没核实", "打 12393"):
        assert said in words
    assert min(text_sizes(page)) >= 12
    assert len(response.data) < 100_000


def test_page_and_pdf_say_the_same(loaded, make, client):
    code = make.station(items=(1, 2, 3), assist=(15, 16), consult=(30,), hours="Mo-Fr 09:00-17:00; PH usual")
    paper = sheet(client.get(f"/stations/{code}/poster.pdf")).extract_text()
    page = soup(client.get(f"/stations/{code}/poster")).article
    for words in page.find_all(string=True):
        for part in re.split(r"[\s：]+", words):
            assert part in paper


def test_few_items_stand_larger(loaded, make, client):
    few, many = make.station(items=(1, 2, 3)), make.station(items=ALL)
    sizes = [text_sizes(sheet(client.get(f"/stations/{code}/poster.pdf"))) for code in (few, many)]
    assert sizes[0].count(20) >= 3
    assert 20 not in sizes[1]


def test_a_station_without_items_says_so_and_what_to_do(loaded, make, client):
    code = make.station("新站", items=())
    page = soup(client.get(f"/stations/{code}/poster"))
    assert page.h1.text == "新站"
    assert "请站里的人先报给县里登记" in page.text
    assert queries.NO_ITEMS in page.article.text
    assert queries.NO_ITEMS in sheet(client.get(f"/stations/{code}/poster.pdf")).extract_text()


def test_what_is_not_known_is_said(loaded, make, client):
    code = make.station(hours=None, phone=None)
    words = sheet(client.get(f"/stations/{code}/poster.pdf")).extract_text()
    assert queries.NO_HOURS in words
    assert "没登记电话" in words


def test_a_closed_station_has_no_poster(loaded, make, client):
    code = make.station(open=False)
    response = client.get(f"/stations/{code}/poster")
    assert "已经停办" in response.text
    assert soup(response).article is None
    assert client.get(f"/stations/{code}/poster.pdf").status_code == 404
    assert f"/stations/{code}/poster" not in client.get(f"/stations/{code}").text


def test_the_stations_page_leads_to_its_poster(loaded, make, client):
    code = make.station()
    assert soup(client.get(f"/stations/{code}")).find("a", href=f"/stations/{code}/poster")


@pytest.mark.parametrize("path", ["/stations/none/poster", "/stations/none/poster.pdf", "/p/none/abc"])
def test_an_unknown_station_is_not_found(loaded, client, path):
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("size", ["a5", "A4", "0", "a4a3", "%E5%A4%A7"])
def test_another_paper_is_refused_with_a_sentence(loaded, make, client, size):
    code = make.station()
    for path in ("poster", "poster.pdf"):
        response = client.get(f"/stations/{code}/{path}?size={size}")
        assert response.status_code == 422
        assert "纸张只有 A4 和 A3" in response.text


def test_without_fonts_the_page_says_that_it_can_be_printed(loaded, make, client, tmp_path, monkeypatch):
    monkeypatch.setattr("posters.fonts.FOLDER", tmp_path)
    code = make.station()
    response = client.get(f"/stations/{code}/poster.pdf")
    assert response.status_code == 404
    assert "做不了 PDF。请直接打印这一页" in response.text
    assert "下载 PDF" not in client.get(f"/stations/{code}/poster").text


def dark(code) -> list[list[bool]]:
    square = [[False] * code.size for _ in range(code.size)]
    for run in code.runs:
        square[run.y][run.x : run.x + run.length] = [True] * run.length
    return square


def test_the_code_leads_to_the_public_address_and_says_what_the_paper_says(
    loaded, make, database_url, tmp_path, session
):
    code = make.station(items=(1, 7), assist=(15,))
    app = make_app(database_url, tmp_path, public_url=f"{ROOT}/yibao/")
    path = soup(app.test_client().get(f"/stations/{code}/poster")).find("svg", class_="qr").path["d"]
    size = (
        int(soup(app.test_client().get(f"/stations/{code}/poster")).find("svg", class_="qr")["viewbox"].split()[2]) - 8
    )
    square = [[False] * size for _ in range(size)]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)", path):
        square[int(y)][int(x) : int(x) + int(length)] = [True] * int(length)
    address = read(square)
    assert address.startswith(f"{ROOT}/yibao/p/{code}/")
    written, ours = unsealed(address.rsplit("/", 1)[1], code, "t" * 40)
    assert ours
    said = read_version(written, code)
    assert said is not None
    assert said.modes() == {1: "direct", 7: "direct", 15: "assist"}
    assert said.printed_on == date(2026, 11, 23)
    app.extensions["db"].engine.dispose()


@pytest.mark.parametrize("length", range(17, 160, 7))
def test_codes_of_every_length_can_be_read(length):
    address = (ROOT + "/p/370102001001Z1/" + "abcdefghijklmnopqrstuvwxyz234567" * 6)[:length]
    assert read(dark(qr(address))) == address


def test_the_code_in_the_pdf_is_the_same_code(tmp_path):
    address = f"{ROOT}/p/370102001001Z1/aeblghq3pjnvkvkvkvkvkvkvah5y6"
    page = pypdf.PdfReader(io.BytesIO(pdf.one(poster(url=address), "a4"))).pages[0]
    drawn = page.get_contents().get_data().decode("latin-1")
    black = drawn[drawn.rindex("0 g") if "0 g" in drawn else drawn.rindex("0.000 g") :]
    boxes = [tuple(map(float, box)) for box in re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) -?([\d.]+) re", black)]
    size = qr(address).size
    left, top = min(box[0] for box in boxes), max(box[1] for box in boxes)
    module = (max(box[0] + box[2] for box in boxes) - left) / size
    assert module * size >= 42 / 25.4 * 72  # 42 mm
    square = [[False] * size for _ in range(size)]
    for x, y, wide, _high in boxes:
        column, row, length = round((x - left) / module), round((top - y) / module), round(wide / module)
        square[row][column : column + length] = [True] * length
    assert read(square) == address


HOSTILE = [
    "<script>alert(1)</script>",
    "'); DROP TABLE station; --",
    "名" * 120,
    "𠮷野家\u202e倒\u200b着\ufeff",
    "👨‍👩‍👧 family",
    "مرحبا שלום",
    "a\u0300\u0301\u0302" * 20,
    "(\\)(endstream endobj%%EOF",
]


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
@on_sqlite
def test_no_name_breaks_the_poster(loaded, make, client, words):
    code = make.station(words, phone=words[:30])
    page = soup(client.get(f"/stations/{code}/poster"))
    assert page.h1.text.startswith(words[:5])
    assert page.article.script is None
    sheet(client.get(f"/stations/{code}/poster.pdf"))


def test_a_rare_character_becomes_a_box():
    page = pypdf.PdfReader(io.BytesIO(pdf.one(poster(name="𠮷祥站"), "a4"))).pages[0]
    assert "□祥站能办这些事" in page.extract_text()


def test_a_list_too_long_for_any_paper_is_still_one_page():
    groups = tuple(Group(f"第{n}类", tuple(Line("很长的事项名称" * 6, "consult") for _ in range(5))) for n in range(13))
    hours = tuple(
        f"周{day} 0:00–1:00、2:00–3:00、4:00–5:00、6:00–7:00、8:00–9:00、10:00–11:00" for day in "一二三四五六日"
    )
    assert len(pypdf.PdfReader(io.BytesIO(pdf.one(poster(groups=groups, hours=hours), "a4"))).pages) == 1


def test_the_same_poster_is_the_same_bytes():
    assert pdf.document([poster()], "a3") == pdf.document([poster()], "a3")
    assert pdf.document([poster()], "a4") != pdf.document([poster(phone="")], "a4")


def test_the_poster_asks_the_database_little(loaded, make, client, database, session):
    code = make.station(items=ALL)
    client.get(f"/stations/{code}/poster")
    before = database.sql_count.n
    client.get(f"/stations/{code}/poster")
    assert database.sql_count.n - before <= 2


def test_fonts_are_installed_here():
    assert font_file("bold"), "npm ci: without the fonts most of this file tests nothing"


def test_a_new_catalogue_takes_items_off_the_poster(loaded, make, session):
    found = find(session, make.station(items=(1, 40)))
    made = queries.poster_of(session, found, root=ROOT, hotline="12393", secret="s", now=NOW)
    assert made.items == 1
    assert read_version(unsealed(made.url.rsplit("/", 1)[1], found.code, "s")[0], found.code).modes() == {1: "direct"}
