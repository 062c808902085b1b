"""The card one sends to one's family: right, large, small in bytes, and drawn whatever a station is called."""

import io
import re

import pytest
import segno
from PIL import Image

from maps.place import Place
from posters import fonts
from posters.card import Card, ItemWords, direction_words
from posters.card_drawing import HIGHEST, WIDTH, draw, readable, wrap
from posters.fonts import font
from tests.builders import SQUARE
from tests.conftest import on_sqlite

MOST_BYTES = 120_000
TOWN = "370102001"
NEWBORN, NURSING = 2, 33


pytestmark = pytest.mark.usefixtures("loaded")


@pytest.fixture
def town(make, session):
    """A town whose middle lies a little north of the square."""
    for code, name in (("370000", "山东省"), ("370100", "济南市"), ("370102", "历下区")):
        make.division(code, name)
    return make.division(TOWN, "大桥镇", Place(SQUARE.lat + 0.01, SQUARE.lon))


def opened(response) -> Image.Image:
    assert (response.status_code, response.mimetype) == (200, "image/png"), response.text[:80]
    image = Image.open(io.BytesIO(response.data))
    image.load()
    return image


def words(client, url: str) -> str:
    """What a screen reader says of the picture on the card's page."""
    page = client.get(url)
    return re.search(r'alt="([^"]*)"', page.text).group(1)


def test_the_card_says_all_one_needs_to_go(client, make, town):
    code = make.station("近站", items=(NEWBORN,), phone="0531-0001234", address="大桥村 8 号")
    said = words(client, f"/stations/{code}/card?item={NEWBORN}").splitlines()
    assert said == [
        "近站",
        "济南市·历下区·大桥镇",
        "电话：0531-0001234",
        "周一至周五 8:30–12:00、13:30–17:30",
        "节假日不开门",
        "地址：大桥村 8 号",
        "镇中心往南 1.1 公里（估算）",
        "要办：新生儿参保",
        said[8],
        said[9],
        "登记表到站里填，不用带。",
        "2026年11月23日的信息",
    ]
    assert said[8].startswith("办理·")
    assert said[9].startswith("带上：")
    assert "出生" in said[9]


def test_the_picture_is_wide_few_coloured_and_always_the_same(client, make, town):
    code = make.station("近站", items=(NEWBORN,), phone="0531-0001234", address="大桥村 8 号")
    one, two = (client.get(f"/stations/{code}/card.png?item={NEWBORN}") for _ in range(2))
    image = opened(one)
    assert (image.width, image.mode) == (WIDTH, "P")
    assert len(image.getcolors()) <= 16
    assert image.height < 2 * WIDTH
    assert one.data == two.data
    assert len(one.data) <= MOST_BYTES
    kept = client.get(f"/stations/{code}/card.png?item={NEWBORN}", headers={"If-None-Match": one.headers["ETag"]})
    assert (kept.status_code, kept.data) == (304, b"")


def test_the_picture_is_chinese_whoever_asks_for_it(client, make, town):
    code = make.station("近站", items=(NEWBORN,))
    chinese = client.get(f"/stations/{code}/card.png").data
    client.set_cookie("lang", "en")
    assert client.get(f"/stations/{code}/card.png").data == chinese
    assert "济南市" in words(client, f"/stations/{code}/card")


@pytest.mark.parametrize("item", ["", f"?item={NEWBORN}"])
def test_the_code_leads_to_the_station(client, make, town, item):
    code = make.station("近站", items=(NEWBORN,))
    image = opened(client.get(f"/stations/{code}/card.png{item}")).convert("L")
    address = f"http://localhost/stations/{code}{item}"
    modules = [list(row) for row in segno.make(address, error="m").matrix_iter(border=0)]
    size = max(4, 300 // len(modules))
    top, left = image.height - 56 - size * len(modules), 64
    seen = [
        [image.getpixel((left + x * size + size // 2, top + y * size + size // 2)) < 128 for x in range(len(modules))]
        for y in range(len(modules))
    ]
    assert seen == [[bool(module) for module in row] for row in modules]


def test_a_station_that_has_not_taken_the_item_on_says_so_and_where_to_ask(client, make, town):
    code = make.station("近站", items=(1,))
    said = words(client, f"/stations/{code}/card?item={NURSING}")
    assert "这个站没登记办这件事。" in said
    assert "哪儿能办，打 12393 问。" in said
    assert "带上" not in said
    opened(client.get(f"/stations/{code}/card.png?item={NURSING}"))


@pytest.mark.parametrize(
    ("taken", "says"), [("items", "办理·"), ("assist", "帮办·站里替您跑"), ("consult", "咨询·只解答")]
)
def test_how_the_station_does_it_stands_on_the_card(client, make, town, taken, says):
    code = make.station("近站", **({"items": ()} | {taken: (NURSING,)}))
    assert says in words(client, f"/stations/{code}/card?item={NURSING}")


@pytest.mark.parametrize("item", ["61", "0", "999", "-1", "18x", "１８", "%00", "1 8", "<b>", "9" * 400])
@on_sqlite
def test_an_unknown_item_is_one_sentence(client, make, town, item):
    code = make.station()
    page = client.get(f"/stations/{code}/card?item={item}")
    assert page.status_code == 422
    assert "没有这件事，请重新选" in page.text
    picture = client.get(f"/stations/{code}/card.png?item={item}")
    assert (picture.status_code, picture.mimetype, picture.text) == (404, "text/plain", "没有这件事，请重新选。")


def test_a_closed_station_has_no_card(client, make):
    code = make.station(open=False)
    assert "这个站点已经停办，没有图片可发。" in client.get(f"/stations/{code}/card").text
    picture = client.get(f"/stations/{code}/card.png")
    assert (picture.status_code, picture.text) == (404, "这个站点已经停办，没有图片可发。")


def test_an_unknown_station_has_no_card(client):
    assert client.get("/stations/370102001999Z9/card").status_code == 404
    assert client.get("/stations/370102001999Z9/card.png").text == "没有这个站点。"


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"synthetic": True}, "示例数据"),
        ({"phone": None}, "没登记电话"),
        ({"hours": None}, "没登记开门时间"),
        ({"hours": "Mo-Su 08:00-18:00; PH usual"}, "节假日照常"),
    ],
)
def test_what_one_must_know_before_setting_out_stands_on_it(client, make, town, facts, says):
    code = make.station("近站", **facts)
    assert says in words(client, f"/stations/{code}/card")
    opened(client.get(f"/stations/{code}/card.png"))


def test_without_a_point_of_the_town_nothing_is_said_about_the_way(client, make):
    code = make.station("近站")
    assert "估算" not in words(client, f"/stations/{code}/card")


@pytest.mark.parametrize(
    ("north", "east", "says"),
    [
        (0.02, 0, "北"),
        (0.02, 0.025, "东北"),
        (0, 0.02, "东"),
        (-0.02, 0.025, "东南"),
        (-0.02, 0, "南"),
        (-0.02, -0.025, "西南"),
        (0, -0.02, "西"),
        (0.02, -0.025, "西北"),
        (0.02, 0.004, "北"),
    ],
)
def test_the_eight_winds(north, east, says):
    assert direction_words(SQUARE, Place(SQUARE.lat + north, SQUARE.lon + east)) == says


HOSTILE = {
    "long": "长" * 400,
    "long Latin": "A" * 400,
    "emoji": "🏥😀👨‍👩‍👧医保站",
    "turned round": "\u202eabc\u2066医保\u200f站",
    "rare": "𠀀𪚥䶮㐂犇龘站",
    "combining": "站" + "\u0301" * 300,
    "lines": "一\n二\t三\r\n四",
    "control": "站\x01\x7f\ufeff\u200b",
    "Arabic and Thai": "محطة สถานี",
    "nothing": "\u200b",
}


def within(data: bytes) -> bool:
    """Whether nothing on the picture touches its sides, and it is not endless."""
    image = Image.open(io.BytesIO(data)).convert("L")
    edges = [image.crop((0, 0, 30, image.height)), image.crop((WIDTH - 30, 0, WIDTH, image.height))]
    return image.height < HIGHEST and [edge.getextrema() for edge in edges] == [(255, 255)] * 2


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
@on_sqlite
def test_a_hostile_name_is_drawn_within_the_picture(client, make, town, name):
    code = make.station(name[:120], phone=name[:30], address=name[:200], items=(NEWBORN,))
    response = client.get(f"/stations/{code}/card.png?item={NEWBORN}")
    opened(response)
    assert len(response.data) <= MOST_BYTES
    assert within(response.data)
    assert client.get(f"/stations/{code}/card").status_code == 200


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_whatever_stands_in_any_part_the_picture_holds_it(words):
    item = ItemWords(words, "assist", words, (words,) * 7, words)
    data = draw(Card("", words, words, words, (words,) * 9, words, words, item, words, "https://a.b/" + "x" * 200))
    assert within(data)
    assert len(data) <= MOST_BYTES


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ("医保站", "医保站"),
        ("a\u202eb\u2066c", "abc"),
        ("站😀", "站□"),
        ("站\u0301", "站"),
        ("一\n二", "一 二"),
        ("e\u0301", "é"),
        ("\U0010ffff\ud800", "□□"),
        ("", ""),
    ],
)
def test_what_cannot_be_drawn_is_a_box_and_what_is_not_seen_is_left_out(given, drawn):
    assert readable(given) == drawn


def test_lines_fit_and_do_not_tear_numbers_or_begin_with_a_comma():
    letters = font("regular", 50)
    lines = wrap("周一至周五 8:30–12:00、13:30–17:30，周六 9:00–12:00，别的时间请先打电话", letters, 700, 9)
    assert all(letters.getlength(line) <= 700 for line in lines)
    assert not [line for line in lines if line[0] in "，、–"]
    assert "".join(lines).replace(" ", "").count("13:30–17:30") == 1
    assert any("13:30–17:30" in line for line in lines)


def test_what_is_too_long_ends_in_dots():
    letters = font("regular", 50)
    lines = wrap("长" * 400, letters, 700, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(letters.getlength(line) <= 700 for line in lines)


def test_without_fonts_the_page_says_it_in_words_and_the_picture_says_why(client, make, town, monkeypatch, tmp_path):
    monkeypatch.setattr(fonts, "FOLDER", tmp_path)
    code = make.station("近站", phone="0531-0001234", items=(NEWBORN,))
    page = client.get(f"/stations/{code}/card?item={NEWBORN}").text
    assert "<img" not in page
    assert "<p>电话：0531-0001234</p>" in page
    picture = client.get(f"/stations/{code}/card.png")
    assert (picture.status_code, picture.mimetype) == (503, "text/plain")
    assert picture.text == "这台服务器没装字体，画不出图片，请看文字。"


def test_the_stations_page_leads_to_its_card_with_the_item_kept(client, make):
    code = make.station()
    assert f'href="/stations/{code}/card?item=18"' in client.get(f"/stations/{code}?item=18").text
    assert f'href="/stations/{code}/card"' in client.get(f"/stations/{code}").text
