"""The poster on real paper, as far as a browser can tell: Chromium prints it, a reader of QR codes looks at the screen."""

import io
import re

import pypdf
import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import expect

from posters.version import SEAL, read_version
from stations.models import Station
from tests.posters.qr_reader import read

ALL_33 = (1 << 34) - 2


@pytest.fixture
def full(server_database, urls) -> str:
    """The path of a poster with all 33 items, on the running server."""
    code = urls["posters.show"].split("/")[2]
    with server_database.begin() as connection:
        change = sa.update(Station).where(Station.code == code)
        connection.execute(change.values(direct_mask=ALL_33, assist_mask=0, consult_mask=0, phone="0531-0001851"))
    return urls["posters.show"]


@pytest.mark.parametrize(("size", "paper"), [("a4", (595, 842)), ("a3", (842, 1191))])
def test_thirty_three_items_print_on_one_sheet_in_letters_of_12_points(phone, full, size, paper):
    page = phone().open(f"{full}?size={size}")
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert len(printed) == 1
    assert (round(printed[0].mediabox.width), round(printed[0].mediabox.height)) == pytest.approx(paper, abs=1)
    page.emulate_media(media="print")
    letters = page.locator("article").evaluate(
        """paper => [...paper.querySelectorAll('*')]
             .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
             .map(one => parseFloat(getComputedStyle(one).fontSize))"""
    )
    assert len(letters) > 80
    assert min(letters) >= 16  # CSS pixels: 12 pt
    side = page.locator("svg.qr").evaluate("code => code.getBoundingClientRect().width")
    modules = int(page.locator("svg.qr").get_attribute("viewBox").split()[2])
    assert side / modules * (modules - 8) >= 42 / 25.4 * 96 - 2  # 42 mm without the white around


@pytest.mark.parametrize("dark", [False, True])
def test_the_code_on_the_screen_can_be_scanned(phone, full, server, dark):
    here = phone(dark=dark)
    code = here.open(full).locator("svg.qr")
    modules = int(code.get_attribute("viewBox").split()[2])
    picture = Image.open(io.BytesIO(code.screenshot())).convert("L")
    step = picture.width / modules
    square = [
        [picture.getpixel((int((x + 0.5) * step), int((y + 0.5) * step))) < 128 for x in range(4, modules - 4)]
        for y in range(4, modules - 4)
    ]
    address = read(square)
    assert address.startswith(f"{server}/p/")
    station, version = address.split("/")[-2:]
    assert read_version(version[:-SEAL], station).direct == ALL_33
    expect(here.open(address.removeprefix(server)).locator("h1")).to_have_text("单子还是最新的")


@pytest.mark.parametrize("js", [True, False], ids=["scripts", "no scripts"])
def test_an_old_poster_is_told_of_once(phone, urls, server_database, js):
    def counted() -> int:
        with server_database.begin() as connection:
            return connection.scalar(sa.text("SELECT coalesce(sum(count), 0) FROM poster_scan"))

    before = counted()
    here = phone(js=js)
    page = here.open(urls["posters.scanned old"])
    expect(page.locator("h1")).to_have_text("这张单子旧了")
    if not js:
        page.get_by_role("button", name="告诉我们这张旧了").click()
    expect(page.get_by_role("status")).to_contain_text("记下了")
    assert counted() == before + 1
    here.open(urls["posters.scanned old"])
    expect(page.get_by_role("status")).to_contain_text("记下了")
    assert counted() == before + 1
    page.get_by_role("link", name="看这个站点").click()
    expect(page).to_have_url(re.compile(r"/stations/\w+$"))


def test_from_a_station_to_its_pdf(phone, urls):
    page = phone().open(urls["stations.show"])
    page.get_by_role("link", name="打印公示单").click()
    expect(page.get_by_role("button", name="打印 A4")).to_be_visible()
    page.get_by_role("link", name="A3", exact=True).click()
    expect(page.get_by_role("button", name="打印 A3")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 PDF").click()
    assert download.value.suggested_filename.endswith("-a3.pdf")
    assert len(pypdf.PdfReader(download.value.path()).pages) == 1
